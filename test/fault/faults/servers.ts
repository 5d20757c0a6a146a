/** Postgres, the registry and a single Kafka: killed, away at start, wiped, set back. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Fault, FaultContext } from '../lib/fault.ts';
import { mainParts } from '../lib/part.ts';
import { ontoSmallDisk, smallDiskHindrance } from '../lib/small-disk.ts';

const outageMs = 6_000;

const postgresKilled: Fault = {
  name: 'postgres-killed',
  about: 'kill -9 of Postgres, back after some seconds',
  rig: 'one',
  inject: async ({ rig, sleep }) => {
    await rig.postgres.kill();
    await sleep(outageMs);
    await rig.postgres.restart();
  },
};

const kafkaKilled: Fault = {
  name: 'kafka-killed',
  about: 'kill -9 of the only broker, back after some seconds',
  rig: 'one',
  inject: async ({ rig, sleep }) => {
    await rig.kafka.kill();
    await sleep(outageMs);
    await rig.kafka.restart();
  },
};

const registryAway: Fault = {
  name: 'registry-away',
  about: 'the registry goes away under running services',
  rig: 'one',
  inject: async ({ rig, sleep }) => {
    await rig.stopRegistry();
    await sleep(outageMs);
    await rig.startRegistry();
  },
};

const registryAwayAtStart: Fault = {
  name: 'registry-away-at-start',
  about: 'every service starts without a registry: alive, not ready, works once it is there',
  rig: 'one',
  inject: async ({ rig, sleep, complain }) => {
    await rig.stopRegistry();
    await Promise.all(mainParts.map((name) => rig.part(name).kill()));
    for (const name of mainParts) rig.part(name).start();
    await sleep(outageMs);
    for (const name of mainParts) if (!rig.part(name).isRunning()) complain(`${name} did not outlive a start without a registry`);
    await rig.startRegistry();
  },
};

const everythingAwayAtStart: Fault = {
  name: 'servers-away-at-start',
  about: 'every service starts without Kafka and Postgres',
  rig: 'one',
  inject: async ({ rig, sleep, complain }) => {
    await Promise.all([...mainParts.map((name) => rig.part(name).kill()), rig.kafka.kill(), rig.postgres.kill()]);
    for (const name of mainParts) rig.part(name).start();
    await sleep(outageMs);
    for (const name of mainParts) if (!rig.part(name).isRunning()) complain(`${name} did not outlive a start without servers`);
    await Promise.all([rig.kafka.restart(), rig.postgres.restart()]);
  },
};

const kafkaWiped: Fault = {
  name: 'kafka-wiped',
  about: 'Kafka is replaced by an empty one under a kept Postgres: the sink must refuse, loudly',
  rig: 'one',
  spoils: true,
  alone: true,
  rules: { endsRefusing: true },
  inject: async (context) => {
    const { rig, until, complain, note } = context;
    const sink = rig.part('sink');
    const before = await countJobs(context);
    sink.keep(false);
    await rig.kafka.kill();
    rmSync(join(rig.dir, 'kafka'), { recursive: true, force: true });
    const { startKafka } = await import('@clinstream/local');
    const port = Number(rig.kafka.brokers[0]?.split(':')[1]);
    const empty = await startKafka({ dir: join(rig.dir, 'kafka'), port, heapMb: 384 });
    try {
      await rig.redeploy();
      await until('the sink refuses and exits', () => !sink.isRunning(), 45_000).catch(() =>
        complain('the sink goes on with another log'),
      );
      sink.start();
      await until('started again, it refuses again', () => !sink.isRunning(), 45_000).catch(() =>
        complain('a restarted sink takes the other log'),
      );
      const said = sink.logs();
      if (!/SINK_OTHER_LOG/.test(said)) complain('the sink does not say why');
      if (!/reset-projection/.test(said)) complain('the sink does not say what to do');
      const after = await countJobs(context);
      if (after < before) complain(`the projection fell from ${before} to ${after} jobs`);
      note(`refused; ${after} jobs kept`);
    } finally {
      await empty.kill();
    }
  },
};

const postgresRestored: Fault = {
  name: 'postgres-restored',
  about: 'Postgres is set back to a backup some seconds old: the sink reads the rest from the log again',
  rig: 'one',
  alone: true,
  rules: { readersMaySeeBack: true },
  inject: async ({ rig, sleep, note }) => {
    const cluster = join(rig.dir, 'postgres', 'cluster');
    const backup = join(rig.dir, 'postgres-backup');
    const owner = ownerOf(cluster);
    await rig.postgres.stop();
    cpSync(cluster, backup, { recursive: true, preserveTimestamps: true });
    await rig.postgres.restart();
    await sleep(5_000);
    await rig.postgres.stop();
    rmSync(cluster, { recursive: true, force: true });
    cpSync(backup, cluster, { recursive: true, preserveTimestamps: true });
    giveTo(owner, cluster);
    await rig.postgres.restart();
    rmSync(backup, { recursive: true, force: true });
    note(`sink restarted ${rig.part('sink').restarts()} times by itself`);
  },
};

/** Postgres runs as a user of its own, and a copy belongs to whoever made it. */
const ownerOf = (path: string): string => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
};
function giveTo(owner: string, path: string): void {
  execFileSync('chown', ['-R', owner, path]);
  execFileSync('chmod', ['700', path]);
}

async function countJobs({ rig }: FaultContext): Promise<number> {
  const client = new pg.Client({ connectionString: rig.postgres.url });
  await client.connect();
  try {
    return Number((await client.query('SELECT count(*) AS n FROM api.analyses')).rows[0]?.n);
  } finally {
    await client.end();
  }
}

/** Postgres may well end by itself; it is started once there is room again. */
const postgresDiskFull: Fault = {
  name: 'postgres-disk-full',
  about: 'the disk under Postgres is full for some seconds, then freed',
  rig: 'one',
  spoils: true,
  alone: true,
  hindrance: smallDiskHindrance,
  inject: async ({ rig, sleep, note }) => {
    await rig.postgres.stop();
    const disk = ontoSmallDisk(rig, join(rig.dir, 'postgres', 'cluster'), 400);
    await rig.postgres.restart();
    await sleep(3_000);
    disk.fill();
    await sleep(outageMs);
    const died = !rig.postgres.isRunning();
    disk.free();
    note(died ? 'Postgres ended by itself' : 'Postgres outlived it');
    if (died) await rig.postgres.restart();
  },
};

export const serverFaults: readonly Fault[] = [
  postgresKilled,
  kafkaKilled,
  registryAway,
  registryAwayAtStart,
  everythingAwayAtStart,
  postgresRestored,
  postgresDiskFull,
  kafkaWiped,
];
