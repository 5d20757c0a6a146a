/**
 * Loaded before every test file of the runner. In CI property tests draw the same cases each time, so that a change is judged by what it changes;
 * elsewhere each run draws new ones, and what fails prints its seed. FC_SEED repeats a run.
 */
import fc from 'fast-check';

const ciSeed = 20_261_122;
const seed = process.env['FC_SEED'] ? Number(process.env['FC_SEED']) : process.env['CI'] ? ciSeed : null;
if (seed !== null) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
