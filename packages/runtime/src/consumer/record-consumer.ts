/**
 * Reads topics as a member of a group and hands records over, each with the right to say that it is done. Kafka being away is waited out.
 * Promises: nothing is committed that is not done without a gap; nothing for partitions not owned now; a record is handed over once per
 * lease (at least once over all). Not promised: order between partitions, exactly-once delivery.
 * See docs/adr/0002-kafka-heart.md for the failure matrix.
 */
import type { AppError } from '../errors/app-error.ts';
import { whenAborted } from '../errors/back-off.ts';
import { createAdmin } from '../kafka/admin.ts';
import { createOutage } from '../kafka/outage.ts';
import type { KafkaConnection } from '../kafka/types.ts';
import type { Component, OnFatal } from '../lifecycle/component.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createCommitter } from './committer.ts';
import { createIntake, type TrackedRecord } from './intake.ts';
import { openSession, rebalanceTimeoutMs, type Session, sessionTimeoutMs } from './kafka-session.ts';
import { keepJoined } from './keep-joined.ts';
import { createLogEnds } from './log-ends.ts';
import { createMembership } from './membership.ts';
import { createOffsetTracker, type Lease } from './offset-tracker.ts';
import { createReadingMetrics } from './reading-metrics.ts';
import { createRoom } from './room.ts';
import type { StartAt } from './starting.ts';
import { type CommitPolicy, type ConsumerLimits, defaultCommitPolicy, type TopicPartition } from './types.ts';

/** Who takes the records. None of these may throw. */
export type RecordHandler = {
  /** In offset order per partition. Many calls, then one `pump`. */
  accept(record: TrackedRecord): void;
  pump(): void;
  /** New partitions, before their first record: where to begin (null: where the group has committed). Waited for; retried by itself. */
  readonly startAt?: StartAt;
  lost(leases: readonly Lease[]): void;
  /** True: start nothing new, we may not own our partitions any more. */
  fenced(isFenced: boolean): void;
};

export type RecordConsumerOptions = {
  readonly group: string;
  readonly topics: readonly string[];
  readonly limits: ConsumerLimits;
  readonly commit?: CommitPolicy;
  /** Longest wait of a fetch that finds nothing. */
  readonly maxWaitMs?: number;
  /** When a record may be handed over (epoch ms); its partition waits until then. */
  readonly dueAt?: (record: TrackedRecord) => number;
  readonly handler: RecordHandler;
};

export type RecordConsumerDeps = { readonly kafka: KafkaConnection; readonly telemetry: Telemetry; readonly onFatal: OnFatal };

export type RecordConsumer = Component & {
  /** The record needs no further work; its offset may be committed when all before it are done. */
  done(record: TrackedRecord): void;
  /** The record is given up without being done: its partition was lost, or we are stopping. Whoever owns it next reads it again. */
  abandon(record: TrackedRecord): void;
  /** Takes no more records; keeps its partitions so that what is in hand can finish and be committed. */
  quiesce(): void;
  commitNow(): Promise<void>;
};

const tickMs = 250;
/** How old the lag may be while nothing is fetched. */
const logEndsEveryMs = 5_000;

export function createRecordConsumer(options: RecordConsumerOptions, deps: RecordConsumerDeps): RecordConsumer {
  const { group, handler } = options;
  const { telemetry } = deps;
  const { now } = telemetry.clock;
  const log = telemetry.log.child({ component: 'consumer', group });
  const stopping = new AbortController();
  const offsets = createOffsetTracker();
  const room = createRoom(options.limits);
  const metrics = createReadingMetrics(telemetry, group, offsets, room);
  const outage = createOutage(log, { dependency: 'kafka', component: `consumer ${group}` });
  let session: Session | null = null;
  let life: Promise<void> = Promise.resolve();
  let ticking: NodeJS.Timeout | null = null;

  const onFenced = (isFenced: boolean): void => {
    handler.fenced(isFenced);
    if (!isFenced) handler.pump();
  };
  const membership = createMembership({ now, sessionTimeoutMs, rebalanceTimeoutMs, onFenced });
  const commit = () => (session !== null && membership.mayCommit() ? session.commit : null);
  const policy = options.commit ?? defaultCommitPolicy;
  const committer = createCommitter({ offsets, policy, commit, onCommitted: metrics.committed, now, log });
  const intake = createIntake({
    limits: options.limits,
    dueAt: options.dueAt ?? null,
    ...{ room, offsets, metrics, log, now, handler },
    pause: (partition) => session?.pause([partition]),
    resume: (partition) => session?.resume([partition]),
    seek: (partition, offset) => session?.seek(partition, offset),
  });

  const admin = createAdmin(deps.kafka);
  const logEnds = createLogEnds({
    everyMs: logEndsEveryMs,
    isStalled: intake.isStalled,
    look: () => admin.logBounds(options.topics),
    onSeen: metrics.ends,
  });

  /** Something that can never work: say so once and let the process drain. */
  const fail = (error: AppError): void => {
    log.error({ err: error, code: error.code }, 'consumer cannot go on');
    handler.fenced(true);
    deps.onFatal(error);
  };

  const joined = (assignment: readonly TopicPartition[], memberId: string): void => {
    const change = offsets.assign(assignment, membership.joined(memberId));
    metrics.assigned(change);
    log.info({ partitions: assignment.length, count: change.gained.length, memberId }, 'partitions assigned');
    outage.up();
    if (change.lost.length > 0) handler.lost(change.lost);
    intake.assigned(change, stopping.signal, fail);
    membership.alive();
  };

  const open = (): Promise<Session> =>
    openSession({
      kafka: deps.kafka,
      group,
      topics: options.topics,
      maxWaitMs: options.maxWaitMs ?? 100,
      owned: () => [...new Set(Array.from(offsets.leases(), ({ partition }) => partition))],
      events: {
        joining: membership.joining,
        joined,
        rebalancing: () => void committer.commitNow(),
        alive: membership.alive,
        batch: intake.batch,
        outOfRange: intake.outOfRange,
      },
    });

  const onEnded = (reason: AppError | null): void => {
    session = null;
    membership.left();
    if (reason === null) return;
    metrics.sessionEnded(reason.code);
    if (reason.kind !== 'fatal') outage.down(reason);
  };
  const onOpened = (opened: Session): void => {
    session = opened;
  };

  const tick = (): void => {
    membership.tick();
    committer.tick();
    intake.tick(now());
    logEnds.tick(now());
  };

  return {
    name: `consumer ${group}`,
    async start() {
      ticking = setInterval(tick, tickMs);
      life = keepJoined({ open, stopping: stopping.signal, now, onOpened, onEnded, onFatal: fail });
    },
    async stop(deadline) {
      intake.close();
      if (ticking) clearInterval(ticking);
      await committer.commitNow(); // one may have been under way since before the last record was done
      await committer.commitNow();
      stopping.abort();
      await session?.stop();
      await Promise.race([life, whenAborted(deadline)]);
      metrics.forget();
      await admin.close();
    },
    readiness: () => {
      const why = stopping.signal.aborted ? 'stopping' : (outage.problem() ?? intake.problem());
      return why === null ? { ready: true } : { ready: false, why: `group ${group}: ${why}` };
    },
    done({ lease, ticket, bytes }) {
      lease.tracker.complete(ticket);
      room.give(bytes);
      committer.done();
      if (intake.isHeldBack(lease)) intake.freed(lease);
    },
    abandon: ({ bytes }) => room.give(bytes),
    quiesce: intake.close,
    commitNow: committer.commitNow,
  };
}
