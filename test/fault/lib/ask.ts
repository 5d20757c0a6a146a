/** One question to a door of ours; a body makes it a POST. Rejects when nobody answers. */
import type { HttpDoor } from '@clinstream/testkit/oracle/index';

export async function ask<T>(
  { url, token, timeoutMs }: HttpDoor,
  path: string,
  body?: object,
): Promise<{ status: number; body: T }> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}
