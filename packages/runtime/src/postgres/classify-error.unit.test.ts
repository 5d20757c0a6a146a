import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatabaseError } from 'pg';
import { AppError } from '../errors/app-error.ts';
import { classifyPostgresError } from './classify-error.ts';

function serverError(code: string): DatabaseError {
  const error = new DatabaseError('value "Kim" already exists', 1, 'error');
  error.code = code;
  error.detail = 'Key (name)=(Kim)';
  return error;
}
const verdictOf = (error: unknown) => {
  const { code, kind, scope } = classifyPostgresError(error);
  return `${code} ${kind}/${scope}`;
};

test('every SQLSTATE has its verdict', () => {
  const expected: Record<string, string> = {
    '08006': 'POSTGRES_UNAVAILABLE retryable/dependency',
    '57P01': 'POSTGRES_UNAVAILABLE retryable/dependency',
    '57P03': 'POSTGRES_UNAVAILABLE retryable/dependency',
    '53300': 'POSTGRES_UNAVAILABLE retryable/dependency',
    '53100': 'POSTGRES_DISK_FULL retryable/dependency',
    '25006': 'POSTGRES_UNAVAILABLE retryable/dependency',
    '28P01': 'POSTGRES_REFUSED retryable/dependency',
    '3D000': 'POSTGRES_REFUSED retryable/dependency',
    '42P01': 'POSTGRES_SCHEMA_MISSING retryable/dependency',
    '40001': 'POSTGRES_CONFLICT retryable/dependency',
    '40P01': 'POSTGRES_CONFLICT retryable/dependency',
    '57014': 'POSTGRES_TIMEOUT retryable/dependency',
    '23505': 'POSTGRES_UNIQUE_VIOLATION poison/message',
    '23503': 'POSTGRES_CONSTRAINT poison/message',
    '22001': 'POSTGRES_DATA_INVALID poison/message',
    '42601': 'POSTGRES_STATEMENT_INVALID fatal/message',
    XX000: 'POSTGRES_ERROR retryable/message',
  };
  for (const [state, verdict] of Object.entries(expected)) assert.equal(verdictOf(serverError(state)), verdict, state);
});

test('what is not an answer of the server is its absence, except our own mistakes', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  assert.equal(verdictOf(refused), 'POSTGRES_UNAVAILABLE retryable/dependency');
  assert.equal(verdictOf(new Error('Query read timeout')), 'POSTGRES_UNAVAILABLE retryable/dependency');
  assert.equal(verdictOf(new TypeError('x')), 'POSTGRES_STATEMENT_INVALID fatal/message');
  assert.equal(verdictOf('text'), 'POSTGRES_STATEMENT_INVALID fatal/message');
});

test('no value of a row gets into the message', () => {
  for (const state of ['23505', '22001', '42601', 'XX000'])
    assert.ok(!classifyPostgresError(serverError(state)).message.includes('Kim'));
});

test('an AppError stays as it is', () => {
  const error = new AppError({ code: 'X', kind: 'poison', stage: 'decode', message: 'x' });
  assert.equal(classifyPostgresError(error), error);
});
