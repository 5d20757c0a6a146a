/** Where in the log an accepted event stands: `topic:partition:offset`. Carried by 202 answers so that a GET can tell *pending* from *unknown*. */
export type LogPosition = { readonly topic: string; readonly partition: number; readonly offset: number };

export const formatLogPosition = (position: LogPosition): string => `${position.topic}:${position.partition}:${position.offset}`;

/** The position again, or null when the text is not one. */
export function parseLogPosition(text: string): LogPosition | null {
  const match = /^([a-zA-Z0-9._-]+):(\d{1,6}):(\d{1,15})$/.exec(text);
  if (!match) return null;
  return { topic: match[1] ?? '', partition: Number(match[2]), offset: Number(match[3]) };
}
