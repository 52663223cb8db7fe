import { type Config, readConfig } from '../config.ts';
import { readEnvironment } from '../environment.ts';
import { ConfigError } from '../errors.ts';
import { createClient } from '../oauth/client.ts';
import { createPaths } from '../paths.ts';
import { madeUpClients } from '../sandbox/registrations.ts';
import { checkNow } from '../setup/check-now.ts';
import { examine, examineProblems, type Report } from '../setup/doctor.ts';
import { clockName, type Finding } from '../setup/finding.ts';
import { toDoctorText } from '../setup/doctor-text.ts';
import { checkStorage } from '../setup/storage-check.ts';
import type { Command } from './command.ts';
import { runCommand } from './run.ts';

const nodeVersion = process.versions.node;
/** The checks of `GET /setup`, for a terminal. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'checks the setup: what is ready, what is missing, what to register where',
  operands: [],
  options: {
    json: { words: 'prints the report for programs' },
    network: { words: 'also asks the services that are live' },
  },
  details: ['Changes nothing, and prints no secret.'],
  variables: { 'all that start reads': 'they are what is checked' },
  failure: 'something needs action',
  async run({ options }) {
    const report = await makeReport(options.has('network'));
    const text = options.has('json') ? JSON.stringify(report, null, 2) : toDoctorText(report).trimEnd();
    return { text, exitCode: report.healthy ? 0 : 1 };
  },
};

async function makeReport(withNetwork: boolean): Promise<Report> {
  let config: Config;
  try {
    config = readConfig(readEnvironment(), madeUpClients);
    // Brings the sandbox along, so only where it runs.
    if (config.sandbox.runs) (await import('../start-sandbox.ts')).checkSandboxBeside(config);
  } catch (error) {
    if (error instanceof ConfigError) return examineProblems(error.problems, nodeVersion);
    throw error;
  }
  const paths = createPaths(config.basePath);
  const redirectUri = (provider: string) => config.origin + paths.callback(provider);
  const network = withNetwork ? await askServices(config, redirectUri) : {};
  const clocks = Object.values(network).flatMap((findings) =>
    findings.filter(({ name, status }) => name === clockName && status !== 'not-checked'),
  );
  const clock = clocks.find(({ status }) => status === 'needs-action') ?? clocks[0];
  const storage = await checkStorage(config, Date.now);
  return examine({
    config,
    seen: null,
    nodeVersion,
    storage,
    clock: clock ? [clock] : [],
    redirectUri,
    network,
  });
}

/** Checks the services that are live, all at once; the sandbox may not be running now. */
async function askServices(
  config: Config,
  redirectUri: (provider: string) => string,
): Promise<Record<string, readonly Finding[]>> {
  const results = config.services.map(async (service) => {
    if (service.state !== 'live') return [];
    const { provider, clientId, clientSecret, scope } = service;
    const registration = { provider, clientId, clientSecret, scope, mode: 'live' } as const;
    const client = createClient({ ...registration, redirectUri: redirectUri(provider.id) });
    const { findings } = await checkNow(client, Date.now);
    await client.http.close();
    return [[provider.id, findings]] as const;
  });
  return Object.fromEntries((await Promise.all(results)).flat());
}

if (import.meta.main) await runCommand(doctor, process.argv.slice(2));
