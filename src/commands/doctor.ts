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

const nodeVersion = process.versions.node;
const known = ['--json', '--network'];

/**
 * `npm run doctor`: the checks of `GET /setup`, for a terminal. `--json` for programs, `--network` also
 * asks the services that are live. The exit code is 0 when nothing needs action, else 1.
 */
async function main(words: readonly string[]): Promise<void> {
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    process.stderr.write(`The doctor knows ${known.join(' and ')}, not ${unknown}.\n`);
    process.exitCode = 1;
    return;
  }
  const report = await makeReport(words.includes('--network'));
  process.stdout.write(
    words.includes('--json') ? `${JSON.stringify(report, null, 2)}\n` : toDoctorText(report),
  );
  process.exitCode = report.healthy ? 0 : 1;
}

async function makeReport(withNetwork: boolean): Promise<Report> {
  let config: Config;
  try {
    config = readConfig(readEnvironment(), madeUpClients);
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

await main(process.argv.slice(2));
