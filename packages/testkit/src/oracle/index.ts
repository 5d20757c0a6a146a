export { type HttpDoor, openMllp, postAnalysis } from './doors.ts';
export { judge } from './judge.ts';
export * from './judge-hospital.ts';
export { type Answer, createLedger, type Ledger } from './ledger.ts';
export { isRefusal, type Load, type LoadOptions, startLoad } from './load.ts';
export {
  analysisBody,
  type Cases,
  laboratoryOrder,
  mllpOrderId,
  orderedResult,
  patientKeyFor,
  readCases,
  resultId,
  textResultMessage,
} from './payloads.ts';
export { formatFindings, formatVerdict } from './print.ts';
export { createRandom, type Random } from './random.ts';
export { createReader, type Reader } from './reader.ts';
export * from './types.ts';
export { startWatcher, type Watcher } from './watcher.ts';
