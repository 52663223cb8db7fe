import type { ConfigProblem } from '../errors.ts';
import { clockName, type Finding, needsAction, ok } from './finding.ts';
import { type ProviderSetup, toProviderSetup } from './provider-setup.ts';
import { checkServer, type ServerFacts } from './server-checks.ts';

/** What `GET /setup` and `npm run doctor` show: the same checks, in two forms. */
export interface Report {
  /** Nothing needs action. */
  readonly healthy: boolean;
  /** `2 of 4 services are ready. 1 thing needs you.` */
  readonly verdict: string;
  readonly server: readonly Finding[];
  readonly services: readonly ServiceReport[];
}

export interface ServiceReport extends ProviderSetup {
  /** What the network said; empty when it was not asked. */
  readonly network: readonly Finding[];
}

export interface DoctorFacts extends ServerFacts {
  /** The redirect URI of a provider, exactly as the authorization request sends it. */
  readonly redirectUri: (provider: string) => string;
  /** Results of network checks, by provider. */
  readonly network: Readonly<Record<string, readonly Finding[]>>;
}

/** Judges what was found out. Pure: whoever calls has asked the stores and, if wanted, the network. */
export function examine(facts: DoctorFacts): Report {
  const { config, redirectUri, network } = facts;
  const server = checkServer(facts);
  const services = config.services.map((service) => ({
    ...toProviderSetup(config, service, redirectUri(service.provider.id)),
    network: network[service.provider.id] ?? [],
  }));
  return summarize(server, services);
}

/** The report of an environment that cannot be used: a finding for each problem. */
export function examineProblems(problems: readonly ConfigProblem[], nodeVersion: string): Report {
  const server = [
    ...problems.map(({ variable, problem, example }) =>
      needsAction(variable, `${variable} ${problem}`, `For example: ${variable}=${example}`),
    ),
    ok('Node', `${nodeVersion}.`),
  ];
  return summarize(server, []);
}

function summarize(server: readonly Finding[], services: readonly ServiceReport[]): Report {
  // The clock is this server's, whichever service has told of it.
  const asked = services.flatMap(({ network }) => network.filter(({ name }) => name !== clockName));
  const open = [...server, ...services, ...asked].filter(({ status }) => status === 'needs-action').length;
  const isReady = ({ status, state, network }: ServiceReport) =>
    status === 'ok' &&
    state !== 'off' &&
    network.every((finding) => finding.name === clockName || finding.status !== 'needs-action');
  const ready = services.filter(isReady).length;
  const words = [
    ...(services.length > 0 ? [`${ready} of ${services.length} services are ready.`] : []),
    open === 0 ? 'Nothing needs you.' : open === 1 ? '1 thing needs you.' : `${open} things need you.`,
  ];
  return { healthy: open === 0, verdict: words.join(' '), server, services };
}
