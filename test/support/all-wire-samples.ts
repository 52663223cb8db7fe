import { readdirSync } from 'node:fs';
import type { WireSample } from './wire-samples/sample.ts';

const folder = new URL('./wire-samples/', import.meta.url);

function isSample(value: object): value is WireSample {
  return 'what' in value && 'status' in value && 'body' in value;
}

/** A sample, or a group of samples by name. */
function samplesIn(value: unknown): WireSample[] {
  if (typeof value !== 'object' || value === null) return [];
  return isSample(value) ? [value] : Object.values(value).flatMap(samplesIn);
}

/** Every sample that a file in the folder exports, so that none can be forgotten. */
export async function allWireSamples(): Promise<WireSample[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const modules = await Promise.all(files.toSorted().map((name) => import(new URL(name, folder).href)));
  return modules.flatMap((module) => Object.values(module as object).flatMap(samplesIn));
}
