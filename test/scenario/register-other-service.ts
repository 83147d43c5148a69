import { connectV2Agent } from '../oap/oap';
import type { ScenarioBackend } from './backend';

/** Another service takes the next ids: those that a backend gives to whatever is registered next. */
export async function registerStranger(backend: ScenarioBackend, name: string): Promise<readonly [number, number]> {
  const stranger = connectV2Agent(backend.address);
  const serviceId = await stranger.serviceId(name);
  const instanceId = await stranger.instanceId(serviceId, `${name}-1`);
  stranger.close();
  return [serviceId, instanceId];
}
