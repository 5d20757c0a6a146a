/**
 * Reads topics as a member of a group and hands records over, each with the right to say that it is done. Kafka being away is waited out.
 * Promises: nothing is committed that is not done without a gap; nothing for partitions not owned now; a record is handed over once per
 * lease (at least once over all). Not promised: order between partitions, exactly-once delivery.
 * See docs/adr/0002-kafka-heart.md for the failure matrix.
 */
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, dependencyBackOff, sleep, whenAborted } from '../errors/back-off.ts';
import { classify, runtimeError } from '../errors/classify.ts';
import { createOutage } from '../kafka/outage.ts';
import type { KafkaConnection } from '../kafka/types.ts';
import type { Component, OnFatal } from '../lifecycle/component.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createIntake, type TrackedRecord } from './intake.ts';
import { openSession, type Session, sessionTimeoutMs } from './kafka-session.ts';
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

export function createRecordConsumer(options: RecordConsumerOptions, deps: RecordConsumerDeps): RecordConsumer {
  const { group, topics, handler } = options;
  const { telemetry } = deps;
  const log = telemetry.log.child({ component: 'consumer', group });
  const commitPolicy = options.commit ?? defaultCommitPolicy;
  const stopping = new AbortController();
  const offsets = createOffsetTracker();
  const room = createRoom(options.limits);
  const metrics = createReadingMetrics(telemetry, group, offsets, room);
  const outage = createOutage(log, { dependency: 'kafka', component: `consumer ${group}` });
  let session: Session | null = null;
  let life: Promise<void> = Promise.resolve();
  let ticking: NodeJS.Timeout | null = null;
  // membership
  let memberId: string | null = null;
  let joins = 0;
  let isJoining = true;
  let isFenced = true;
  let lastAliveAt = 0;
  // commits
  let doneSinceCommit = 0;
  let lastCommitAt = 0;
  let committing: Promise<void> | null = null;

  const intake = createIntake({
    limits: options.limits,
    dueAt: options.dueAt ?? null,
    room,
    offsets,
    metrics,
    log,
    now: telemetry.clock.now,
    handler,
    pause: (partition) => session?.pause([partition]),
    resume: (partition) => session?.resume([partition]),
    seek: (partition, offset) => session?.seek(partition, offset),
  });

  const setFenced = (fenced: boolean): void => {
    if (fenced === isFenced) return;
    isFenced = fenced;
    handler.fenced(fenced);
    if (!fenced) handler.pump();
  };

  const joined = (assignment: readonly TopicPartition[], member: string): void => {
    const isContinuous = joins === 1 && member === memberId;
    joins = 0;
    memberId = member;
    isJoining = false;
    lastAliveAt = telemetry.clock.now();
    const change = offsets.assign(assignment, isContinuous);
    metrics.assigned(change);
    log.info({ partitions: assignment.length, count: change.gained.length, memberId: member }, 'partitions assigned');
    outage.up();
    if (change.lost.length > 0) handler.lost(change.lost);
    intake.assigned(change, stopping.signal, fail);
    setFenced(false);
  };

  /** Something that can never work: say so once and let the process drain. */
  const fail = (error: AppError): void => {
    log.error({ err: error, code: error.code }, 'consumer cannot go on');
    setFenced(true);
    deps.onFatal(error);
  };

  const commitNow = (): Promise<void> => {
    if (committing) return committing;
    committing = commitOnce().finally(() => {
      committing = null;
    });
    return committing;
  };
  const commitOnce = async (): Promise<void> => {
    const current = session;
    if (current === null || isJoining || isFenced) return;
    const due = offsets.due();
    doneSinceCommit = 0;
    lastCommitAt = telemetry.clock.now();
    if (due.length === 0) return;
    try {
      await current.commit(due);
      offsets.confirmed(due);
      metrics.committed(true);
    } catch (error) {
      metrics.committed(false);
      log.debug({ err: classify(error, 'receive') }, 'commit refused, trying again with the next one');
    }
  };

  const tick = (): void => {
    const now = telemetry.clock.now();
    if (session !== null && !isJoining && now - lastAliveAt > sessionTimeoutMs) setFenced(true);
    if (now - lastCommitAt >= commitPolicy.everyMs) void commitNow();
    intake.tick(now);
  };

  /** Joins again and again until stopped; ends only for good reasons. */
  const live = async (): Promise<void> => {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      const startedAt = telemetry.clock.now();
      const error = await liveOnce();
      isJoining = true;
      session = null;
      setFenced(true);
      if (error === null || stopping.signal.aborted) return;
      const reason = crashReason(error);
      metrics.sessionEnded(reason.code);
      if (reason.kind === 'fatal') return fail(reason);
      outage.down(reason);
      if (telemetry.clock.now() - startedAt > 30_000) attempt = 1;
      await sleep(backOffDelay(dependencyBackOff, attempt), stopping.signal);
    }
  };
  const liveOnce = async (): Promise<Error | null> => {
    try {
      memberId = null;
      session = await openSession({
        kafka: deps.kafka,
        group,
        topics,
        maxWaitMs: options.maxWaitMs ?? 100,
        owned: () => [...new Set(Array.from(offsets.leases(), ({ partition }) => partition))],
        events: {
          joining: () => {
            joins++;
            isJoining = true;
          },
          joined,
          rebalancing: () => void commitNow(),
          alive: () => {
            lastAliveAt = telemetry.clock.now();
            if (!isJoining) setFenced(false);
          },
          batch: intake.batch,
          outOfRange: intake.outOfRange,
        },
      });
      if (stopping.signal.aborted) await session.stop();
      return await session.ended;
    } catch (error) {
      return error instanceof Error ? error : new Error('unknown');
    }
  };

  return {
    name: `consumer ${group}`,
    async start() {
      ticking = setInterval(tick, tickMs);
      life = live();
    },
    async stop(deadline) {
      intake.close();
      if (ticking) clearInterval(ticking);
      await committing;
      await commitNow();
      stopping.abort();
      await session?.stop();
      await Promise.race([life, whenAborted(deadline)]);
      metrics.forget();
    },
    readiness: () => {
      const why = stopping.signal.aborted ? 'stopping' : (outage.problem() ?? intake.problem());
      return why === null ? { ready: true } : { ready: false, why: `group ${group}: ${why}` };
    },
    done({ lease, ticket, bytes }) {
      lease.tracker.complete(ticket);
      room.give(bytes);
      if (++doneSinceCommit >= commitPolicy.everyRecords) void commitNow();
      if (intake.isHeldBack(lease)) intake.freed(lease);
    },
    abandon: ({ bytes }) => room.give(bytes),
    quiesce: () => intake.close(),
    commitNow,
  };
}

/** A crash for connection reasons is waited out; anything else of kafkajs is a bug or bad configuration and ends the process. */
function crashReason(error: Error): AppError {
  const reason = classify(error, 'receive');
  return reason.code === 'UNCLASSIFIED' ? runtimeError('CONSUMER_CRASHED', 'receive', { cause: error }) : reason;
}
