/** Every fault, as data: the cross product of ways to break and things to break, and the single ones that need a story of their own. */

import { clusterFaults } from './faults/cluster.ts';
import { dataFaults } from './faults/data.ts';
import { kafkaDiskFaults } from './faults/kafka-disk.ts';
import { linkFaults } from './faults/links.ts';
import { memberFaults } from './faults/members.ts';
import { pairFaults } from './faults/pairs.ts';
import { processFaults } from './faults/processes.ts';
import { serverFaults } from './faults/servers.ts';
import { syncFaults } from './faults/sync.ts';
import type { Fault } from './lib/fault.ts';

export const faults: readonly Fault[] = [
  ...processFaults,
  ...memberFaults,
  ...serverFaults,
  ...kafkaDiskFaults,
  ...dataFaults,
  ...clusterFaults,
  ...linkFaults,
  ...pairFaults,
  ...syncFaults,
];
