/** The `position` a 202 answer gave, as a query parameter. */
import { type LogPosition, parseLogPosition } from '@clinstream/contracts';
import { Type } from 'typebox';
import { apiProblem } from './problems.ts';

export const PositionSchema = Type.Optional(Type.String({ maxLength: 300, description: 'Log position of the 202 answer.' }));

/** Throws a problem when it is none. */
export function positionIn(text: string | undefined): LogPosition | null {
  if (text === undefined) return null;
  const position = parseLogPosition(text);
  if (position === null) throw apiProblem('POSITION_INVALID');
  return position;
}
