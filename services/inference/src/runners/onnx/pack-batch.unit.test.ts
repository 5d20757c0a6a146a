import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerOf, evidenceFirst, isConsistent, packBatch } from './pack-batch.ts';

const job = (features: readonly number[], explain = false) => ({ features, explain });

describe('pack batch', () => {
  it('puts jobs that want evidence first and keeps the order of both kinds', () => {
    const jobs = [job([1]), job([2], true), job([3]), job([4], true)];
    assert.deepEqual(
      evidenceFirst(jobs).map((one) => one.features[0]),
      [2, 4, 1, 3],
    );
  });

  it('packs rows one after the other, rounded to float32', () => {
    const batch = packBatch({ id: 7, model: 1, inputCount: 2 }, [job([0.1, 2], true), job([3, 4])]);
    assert.deepEqual([...batch.features], [Math.fround(0.1), 2, 3, 4]);
    assert.deepEqual([batch.id, batch.model, batch.rows, batch.explain], [7, 1, 2, 1]);
  });

  it('gives each row its own answer', () => {
    const evidence = { baseValue: -1, margins: Float64Array.of(0.5, 0.6), values: Float64Array.of(1, 2, 3, 4) };
    const answer = { kind: 'answer', id: 1, probabilities: Float32Array.of(0.25, 0.5, 0.75), evidence } as const;
    assert.deepEqual(answerOf(answer, 1, 2), { probability: 0.5, evidence: { margin: 0.6, baseValue: -1, values: [3, 4] } });
    assert.deepEqual(answerOf(answer, 2, 2), { probability: 0.75, evidence: null });
  });

  it('sees evidence that explains another number than the one shown', () => {
    const explained = (probability: number, margin: number) => ({
      probability,
      evidence: { margin, baseValue: 0, values: [margin] },
    });
    assert.ok(isConsistent(explained(0.5, 0)));
    assert.ok(isConsistent(explained(0.5, 1e-6)));
    assert.ok(!isConsistent(explained(0.6, 0)));
    assert.ok(isConsistent({ probability: 0.6, evidence: null }));
  });
});
