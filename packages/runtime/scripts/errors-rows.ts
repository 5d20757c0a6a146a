/** Every catalogue there is, as rows of docs/errors.md. A service's catalogue is data; nothing of a service runs here. */
import { apiErrors } from '../../../services/api/src/errors.ts';
import { apiProblems } from '../../../services/api/src/http/problems.ts';
import { inferenceErrors, jobEndings } from '../../../services/inference/src/errors.ts';
import { faultMessages, ingestErrors } from '../../../services/ingest/src/errors.ts';
import { syncErrors } from '../../../services/sync/src/errors.ts';
import { fhirErrors } from '../../../services/sync/src/fhir/errors.ts';
import { lisMllpErrors } from '../../../services/sync/src/lis/mllp/errors.ts';
import { lisRestErrors } from '../../../services/sync/src/lis/rest/errors.ts';
import { blobErrors } from '../src/blobs/errors.ts';
import { errorCatalogue } from '../src/errors/catalogue.ts';
import { httpProblems } from '../src/http/problems.ts';
import { postgresErrors } from '../src/postgres/errors.ts';
import { type ErrorRow, rowsOfEndings, rowsOfErrors, rowsOfFaults, rowsOfProblems } from './errors-page.ts';

/** A fault that names the whole refusal has its row there. */
const faults = Object.fromEntries(Object.entries(faultMessages).filter(([code]) => !(code in ingestErrors)));

export const errorRows: readonly ErrorRow[] = [
  ...rowsOfErrors('runtime', errorCatalogue),
  ...rowsOfErrors('runtime', postgresErrors),
  ...rowsOfErrors('runtime', blobErrors),
  ...rowsOfProblems('runtime (HTTP)', httpProblems),
  ...rowsOfErrors('ingest', ingestErrors),
  ...rowsOfFaults('ingest', faults),
  ...rowsOfErrors('inference', inferenceErrors),
  ...rowsOfEndings('inference', jobEndings),
  ...rowsOfErrors('api', apiErrors),
  ...rowsOfProblems('api', apiProblems),
  ...rowsOfErrors('sync', syncErrors),
  ...rowsOfErrors('sync (FHIR)', fhirErrors),
  ...rowsOfErrors('sync (LIS, HL7 v2)', lisMllpErrors),
  ...rowsOfErrors('sync (LIS, REST)', lisRestErrors),
];
