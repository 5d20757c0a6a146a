/** Remembers the control ids seen lately, to tell when one comes again on other content. A hint for people: nothing is refused for it. */
import type { Header } from '../domain/hl7/header.ts';
import type { MessageIdentity } from './message.ts';

/** True when this sender used the control id for other content among the last `remembered` messages. */
export function createControlIdMemory(remembered = 10_000): (header: Header, identity: MessageIdentity) => boolean {
  const digests = new Map<string, string>();
  return (header, { digest }) => {
    const key = JSON.stringify([header.sendingApplication, header.sendingFacility, header.controlId]);
    const before = digests.get(key);
    digests.delete(key);
    digests.set(key, digest);
    const [oldest] = digests.keys();
    if (digests.size > remembered && oldest !== undefined) digests.delete(oldest);
    return before !== undefined && before !== digest;
  };
}
