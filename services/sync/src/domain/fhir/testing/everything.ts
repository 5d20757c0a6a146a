/** Test only, and one long list. Every kind of resource a rendering can hold, by what it shows; the subjects of one patient in the order they are delivered. */

import { compact } from '../compact.ts';
import { renderDetectedIssue } from '../detected-issue.ts';
import { ids } from '../ids.ts';
import { withSourceVersion } from '../source-version.ts';
import type { RenderContext, Rendering } from '../types.ts';
import {
  analysis,
  at,
  type ContextChange,
  context,
  demonstrationModel,
  ended,
  keysOf,
  observation,
  type observationEvent,
  order,
  orderEvent,
  patient,
  renderedAnalysis,
  renderedObservation,
  renderedOrder,
  requested,
  reviewed,
  riskModel,
} from './states.ts';

const specimen = {
  id: 'T-42',
  code: { code: 'BLD', system: 'HL70487', display: 'Whole blood' },
  collectedAt: '2026-11-20T08:45+09:00',
};
const provider = { id: 'D1001', authority: 'HIS' };

const sepsis = { model: riskModel.name, label: 'sepsis' };

/** Units that are taken for UCUM, which a server checks. */
export const ucumUnits: readonly string[] = [
  'mg/dL',
  'mmol/L',
  '10*3/uL',
  '10^9/L',
  '%',
  'fL',
  'pg',
  'U/L',
  '[iU]/L',
  'mm[Hg]',
  'meq/L',
  'mL/min/{1.73_m2}',
  '{pixel2}',
  '1',
  'Cel',
  '/uL',
  'kg/m2',
  'mm/h',
  '[pH]',
  'mosm/kg',
  '%{HbA1c}',
  "[arb'U]/mL",
  'kat/L',
  'cm[H2O]',
  'ng/mL/h',
];

/** Renderings by name, in an order that writes what is referred to first. `key` keeps the ids of one scene apart from another's. */
export function renderEverything(
  patientKey: string,
  key: string,
  change: ContextChange = {},
): Readonly<Record<string, Rendering>> {
  const id = (name: string): string => `${name}-${key}`;
  const glucoseOrder = { orderId: id('glucose'), patientKey, specimen, orderingProvider: provider };
  const aiOrder = order({ orderId: id('ai'), patientKey, kind: 'ai_analysis', priority: 'stat', placerNumber: 'AI-1' });
  const input = observation({ observationId: id('glucose'), patientKey, orderId: id('glucose') });
  const related: NonNullable<ContextChange['related']> = { patient: patient({ patientKey }), ...change.related };
  const withOrder = { ...change, related: { ...related, order: order(glucoseOrder) } };
  const withInputs = { ...change, related: { ...related, order: aiOrder, observations: [input] } };
  const corrected = { ...input, status: 'corrected', sourceVersion: at(40) } as const;
  const withCorrected = { ...withInputs, related: { ...withInputs.related, observations: [corrected] } };
  const job = (name: string, of: { readonly model?: string; readonly label?: string } = {}) => {
    const { model = 'breast-cancer', label = 'malignant' } = of;
    const named = { jobId: id(name), patientKey, model };
    const end = ended({ ...named, prediction: { label, probability: label === 'benign' ? 0.13 : 0.87, margin: 1.9 } });
    const inputs = { inputObservations: [input.observationId] };
    return { request: requested({ ...named, ...inputs, orderId: aiOrder.orderId }), end, approval: reviewed(end, inputs) };
  };
  const one = (name: string, of: Parameters<typeof job>[1] = {}, more: ContextChange = {}) => {
    const { request, end, approval } = job(name, of);
    return renderedAnalysis(analysis(request, end, approval), { ...withInputs, ...more });
  };
  const withdrawn = (name: string, of: Parameters<typeof job>[1] = {}) => {
    const { request, end, approval } = job(name, of);
    const state = analysis(request, end, approval, { ...approval, type: 'AnalysisRejected', at: at(60) });
    return renderedAnalysis(state, { ...withInputs, delivered: keysOf(one(name, of)) });
  };
  const jobIn = (name: string, type: 'AnalysisFailed' | 'AnalysisAbstained' | 'AnalysisCancelled') => {
    const { request, end } = job(name);
    const reasons = type === 'AnalysisAbstained' ? ['POPULATION_AGE'] : [];
    const failure = type === 'AnalysisFailed' ? { code: 'MODEL_TIMEOUT', input: null } : null;
    return renderedAnalysis(analysis(request, { ...end, type, prediction: null, evidence: null, reasons, failure }), withInputs);
  };
  const result = (name: string, of: Partial<ReturnType<typeof observationEvent>>) =>
    renderedObservation(observation({ observationId: id(name), patientKey, ...of }), withOrder);
  const text = { numeric: null, comparator: null, text: 'growth of\nE. coli <b>', unit: null };
  const nothing = { numeric: null, comparator: null, text: null, unit: null };
  return {
    'an order with its specimen': renderedOrder(order({ ...glucoseOrder, note: 'fasting & <12 h' }), change),
    'an order whose number was used twice': renderedOrder(
      order({ ...orderEvent(), orderId: id('twice'), patientKey }, { type: 'OrderPlaced', contentDigest: 'other' }),
      change,
    ),
    'a cancelled order': renderedOrder(order({ orderId: id('cancelled'), patientKey }, { type: 'OrderCancelled' }), change),
    'an order whose specimen was refused': renderedOrder(
      order(
        { orderId: id('refused'), patientKey },
        { type: 'OrderSpecimenRejected', specimenRejectReasons: ['RC', 'clotted again'] },
      ),
      change,
    ),
    'an AI order': renderedOrder(aiOrder, change),
    medication: renderedOrder(
      order({
        orderId: id('drug'),
        patientKey,
        kind: 'medication',
        code: { code: '645301', system: 'EDI', display: '아스피린' },
      }),
      change,
    ),
    'a number': renderedObservation(input, withOrder),
    'a number over the range of the method': result('over', {
      value: { numeric: 1000, comparator: '>', text: null, unit: 'mg/dL' },
      abnormalFlag: '>',
    }),
    'a unit that is no UCUM': result('unit', {
      value: { numeric: 5, comparator: null, text: null, unit: 'x10^3/uL' },
      referenceRange: '4-10',
    }),
    'a text': result('text', {
      value: text,
      abnormalFlag: 'AA',
      referenceRange: 'none',
      code: { code: '음성', system: '99LAB', display: '배양' },
    }),
    ...Object.fromEntries(
      [
        'LN',
        'SCT',
        'I10',
        'RXNORM',
        'ATC',
        'HL70487',
        'HL70490',
        'EDI',
        'urn:oid:1.2.3',
        'urn:oid:1.2.410.200119.4',
        'urn:uuid:x',
        'urn:x:y',
        'http://x.test/codes',
      ].map((system) => [
        `a code of ${system}`,
        result(`code-${system}`, { code: { code: 'NOT-IN-IT', system, display: 'some words' } }),
      ]),
    ),
    ...Object.fromEntries(
      ['L', 'H', 'LL', 'HH', '<', '>', 'N', 'A', 'AA', 'U', 'D', 'B', 'W', 'S', 'R', 'I', 'MS'].map((abnormalFlag) => [
        `flag ${abnormalFlag}`,
        result(`flag-${abnormalFlag}`, { abnormalFlag }),
      ]),
    ),
    ...Object.fromEntries(
      ucumUnits.map((unit) => [
        `unit ${unit}`,
        result(`unit-${unit}`, { value: { numeric: 1, comparator: null, text: null, unit } }),
      ]),
    ),
    'a withdrawn result': result('withdrawn', { value: nothing, status: 'entered_in_error', abnormalFlag: 'ZZ' }),
    'a result that is to come': result('coming', { value: nothing, status: 'registered', effectiveAt: '2026-11-20T08:50+09:00' }),
    'a cancelled result': result('not-done', { value: nothing, status: 'cancelled', effectiveAt: '2026-11' }),
    'a diagnosis': one('diagnosis'),
    'a diagnosis of a demonstration model': one('demonstration', { model: demonstrationModel.name, label: 'benign' }),
    'a risk': one('risk', sepsis),
    'a diagnosis on a corrected input': one('stale', {}, withCorrected),
    'a risk that rests on no corrected input any more': one('settled', sepsis, {
      delivered: keysOf(one('settled', sepsis, withCorrected)),
    }),
    'an unreviewed diagnosis': renderedAnalysis(analysis(job('unreviewed').request, job('unreviewed').end), {
      ...withInputs,
      settings: { ...change.settings, releaseUnreviewed: true },
    }),
    'a diagnosis taken back': withdrawn('rejected'),
    'a risk taken back': withdrawn('risk-rejected', sepsis),
    'a job that waits': renderedAnalysis(analysis(job('queued').request), withInputs),
    'a failed job': jobIn('failed', 'AnalysisFailed'),
    'a job refused': jobIn('abstained', 'AnalysisAbstained'),
    'a job cancelled': jobIn('stopped', 'AnalysisCancelled'),
    'a drug safety issue': drugIssue(patientKey, id('drug'), context({ ...change, related })),
  };
}

/** Nothing makes one yet: the renderer alone. */
function drugIssue(patientKey: string, orderId: string, of: RenderContext): Rendering {
  const drug = `MedicationRequest/${ids.medicationRequest(orderId)}`;
  const issue = renderDetectedIssue(
    {
      id: `issue-${ids.medicationRequest(orderId)}`.slice(0, 64),
      patientKey,
      status: 'final',
      code: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'DRG', display: 'Drug Interaction Alert' }],
        text: '병용금기',
      },
      severity: 'high',
      implicated: [drug],
      evidence: [drug],
      detail: '횡문근융해증',
      rule: 'https://fhir.haneul.test/rules/1',
      identifiedAt: at(70),
    },
    of,
  );
  return { resources: [compact(withSourceVersion(issue, at(70)))], held: null };
}
