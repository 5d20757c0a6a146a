/**
 * kafkajs computes a negative timeout on connect, which Node 24 reports as TimeoutNegativeWarning. It is harmless (the timer fires at once),
 * comes once per process and would frighten operators; every other warning passes.
 */
type EmitWarning = typeof process.emitWarning;
const marked = Symbol.for('clinstream.timeoutNegativeWarningSilenced');

export function silenceTimeoutNegativeWarning(target: { emitWarning: EmitWarning } = process): void {
  const original = target.emitWarning as EmitWarning & { [marked]?: true };
  if (original[marked]) return;
  const filtered = (...args: unknown[]): void => {
    if (!isTimeoutNegative(args)) Reflect.apply(original, target, args);
  };
  target.emitWarning = Object.assign(filtered, { [marked]: true }) as unknown as EmitWarning;
}

/** emitWarning(text, type) or emitWarning(text, { type }) or emitWarning(error). */
function isTimeoutNegative([warning, options]: readonly unknown[]): boolean {
  const type = typeof options === 'object' && options !== null ? (options as { type?: unknown }).type : options;
  return type === 'TimeoutNegativeWarning' || (warning instanceof Error && warning.name === 'TimeoutNegativeWarning');
}
