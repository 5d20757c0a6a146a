/** A registry of its own for one test file, over a fresh database. Test-only. */
import { testStack } from '@clinstream/testkit';
import { type Registry, startRegistry } from '../registry.ts';

export type RegistryUnderTest = Registry & { readonly databaseUrl: string };

export async function registryUnderTest(): Promise<RegistryUnderTest> {
  const database = await (await testStack()).freshDatabase();
  const registry = await startRegistry({ port: 0, databaseUrl: database.url });
  return {
    url: registry.url,
    databaseUrl: database.url,
    stop: async () => {
      await registry.stop();
      await database.drop();
    },
  };
}
