import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { readConfig, variables } from '../src/config.ts';
import { stopMilliseconds, usualLimits } from '../src/listener.ts';
import { routes } from '../src/paths.ts';

/* No cluster is among the tools of the tests; what can be said of the recipes without one is said here. */

const root = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const dockerfile = read('Dockerfile');

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: string[];
  readonly ports?: { name: string; containerPort: number }[];
  readonly env: { name: string; value: string }[];
  readonly volumeMounts: { name: string; mountPath: string; readOnly: boolean }[];
  readonly resources: { requests: { memory: string }; limits: { memory: string } };
  readonly securityContext: object;
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

const folder = 'docs/deploy/kubernetes';
/** By YAML 1.1, as Kubernetes reads them: 0440 is octal there. */
const readManifest = <Kind>(name: string) =>
  parse(read(`${folder}/${name}.yaml`), { version: '1.1', merge: true }) as Kind;

const deployment = readManifest<{
  spec: {
    replicas: number;
    selector: { matchLabels: object };
    template: {
      metadata: { labels: object };
      spec: {
        terminationGracePeriodSeconds: number;
        securityContext: { runAsUser: number; runAsGroup: number; runAsNonRoot: boolean; fsGroup: number };
        initContainers: Container[];
        containers: Container[];
        volumes: { name: string; secret: { secretName: string; defaultMode: number } }[];
      };
    };
  };
}>('deployment');
const pod = deployment.spec.template.spec;
const [latchkey] = pod.containers as [Container];
const [migrate] = pod.initContainers as [Container];
const settings = parseEnv(read(`${folder}/settings.env`)) as Record<string, string>;

describe('Kubernetes', () => {
  const { containerPort, name: portName } = latchkey.ports![0]!;
  const environment = Object.fromEntries(latchkey.env.map(({ name, value }) => [name, value]));
  const secretFiles = Object.fromEntries(
    Object.entries(environment).filter(([name]) => name.endsWith('_FILE')),
  );
  const madeUp: Record<string, string> = {
    database_url: 'postgres://latchkey:x@postgres.example.org/latchkey',
    session_store_url: 'rediss://:x@redis.example.org',
    session_secret: 'x'.repeat(43),
    twitch_client_secret: 'x'.repeat(30),
  };
  const config = readConfig({ ...settings, ...environment }, {}, (path) => {
    const [, file] = /^\/run\/secrets\/latchkey\/(\w+)$/.exec(path) ?? [];
    if (file === undefined || !(file in madeUp)) throw new Error(`there is no ${path}`);
    return madeUp[file]!;
  });

  test('the settings are variables that are read, to values that production accepts', () => {
    const named = [
      ...Object.keys(settings),
      ...[latchkey, migrate].flatMap(({ env }) => env.map(({ name }) => name)),
    ];
    expect(named.filter((name) => !variables.includes(name))).toEqual([]);
    expect(config.production).toBe(true);
    expect(config.trustedProxies).not.toEqual([]);
    expect(config.storage.databaseUrl).toBe(madeUp['database_url']);
    expect(config.storage.sessionStoreUrl).toBe(madeUp['session_store_url']);
  });

  test('secrets are files, mounted where the variables look, readable by the process alone', () => {
    expect(Object.keys(environment)).toEqual(Object.keys(secretFiles));
    expect(latchkey.volumeMounts).toEqual([
      { name: 'secrets', mountPath: '/run/secrets/latchkey', readOnly: true },
    ]);
    expect(pod.volumes).toEqual([
      { name: 'secrets', secret: { secretName: 'latchkey', defaultMode: 0o440 } },
    ]);
    expect(pod.securityContext.fsGroup).toBe(pod.securityContext.runAsGroup);
    expect(Object.keys(settings).filter((name) => /SECRET|_URL$/.test(name) && name !== 'BASE_URL')).toEqual(
      [],
    );
  });

  test('the page says how to make each of these secrets', () => {
    const page = read('docs/deploy/kubernetes.md');
    const made = [...page.matchAll(/--from-(?:literal|file)=(\w+)/g)].map(([, file]) => file);
    const wanted = Object.values(secretFiles).map((path) => path.split('/').at(-1));
    expect(made.toSorted()).toEqual(wanted.toSorted());
  });

  test('probes ask routes that exist, at the port that the image has', () => {
    expect(containerPort).toBe(Number(/^EXPOSE (\d+)$/m.exec(dockerfile)![1]));
    expect(config.port).toBe(containerPort);
    const asked = { port: portName };
    expect(latchkey.startupProbe.httpGet).toEqual({ ...asked, path: routes.healthz });
    expect(latchkey.livenessProbe.httpGet).toEqual({ ...asked, path: routes.healthz });
    expect(latchkey.readinessProbe.httpGet).toEqual({ ...asked, path: routes.readyz });
  });

  test('a pod that stops has the time that a stop takes, and is out of the Service by then', () => {
    const seconds = (config.drainMilliseconds + stopMilliseconds) / 1000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
    const { periodSeconds, failureThreshold } = latchkey.readinessProbe;
    expect(config.drainMilliseconds / 1000).toBeGreaterThan(periodSeconds * (failureThreshold - 1));
  });

  test('no container is root, may become more, or writes anywhere', () => {
    const [user, group] = /^USER (\d+):(\d+)$/m.exec(dockerfile)!.slice(1).map(Number);
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: group,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(user).toBeGreaterThan(0);
    for (const container of [latchkey, migrate]) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.limits.memory).toMatch(/^\d+Mi$/);
      expect(container.resources.requests.memory).toMatch(/^\d+Mi$/);
    }
    expect(pod).toMatchObject({ automountServiceAccountToken: false });
  });

  test('the migration runs a file that the image has, on the same database', () => {
    const [program, file] = migrate.command!;
    expect(program).toBe('node');
    expect(existsSync(join(root, file!))).toBe(true);
    expect(migrate.image).toBe(latchkey.image);
    expect(migrate.env).toEqual(latchkey.env.filter(({ name }) => name === 'DATABASE_URL_FILE'));
  });

  test('Service, Ingress and disruption budget mean these pods', () => {
    const { labels } = deployment.spec.template.metadata;
    const service = readManifest<{
      metadata: { name: string };
      spec: { selector: object; ports: { name: string; targetPort: string }[] };
    }>('service');
    const ingress = readManifest<{
      spec: {
        tls: { hosts: string[] }[];
        rules: {
          host: string;
          http: { paths: { backend: { service: { name: string; port: object } } }[] };
        }[];
      };
    }>('ingress');
    const budget = readManifest<{ spec: { minAvailable: number; selector: { matchLabels: object } } }>(
      'pod-disruption-budget',
    );
    expect(deployment.spec.selector.matchLabels).toEqual(labels);
    expect(service.spec.selector).toEqual(labels);
    expect(service.spec.ports[0]!.targetPort).toBe(portName);
    expect(budget.spec.selector.matchLabels).toEqual(labels);
    // Some pod stays, and some may go: else no node could ever be drained.
    expect(budget.spec.minAvailable).toBeGreaterThan(0);
    expect(budget.spec.minAvailable).toBeLessThan(deployment.spec.replicas);
    const { host } = new URL(config.baseUrl);
    expect(ingress.spec.rules.map((rule) => rule.host)).toEqual([host]);
    expect(ingress.spec.tls.flatMap(({ hosts }) => hosts)).toEqual([host]);
    expect(ingress.spec.rules[0]!.http.paths[0]!.backend.service).toEqual({
      name: service.metadata.name,
      port: { name: service.spec.ports[0]!.name },
    });
  });

  test('every manifest of the folder is applied', () => {
    const { resources, images, configMapGenerator } = readManifest<{
      resources: string[];
      images: { newTag: string }[];
      configMapGenerator: { envs: string[] }[];
    }>('kustomization');
    const applied = [...resources, ...configMapGenerator[0]!.envs, 'kustomization.yaml'];
    expect(applied.toSorted()).toEqual(readdirSync(join(root, folder)).toSorted());
    // One that names a version: what `latest` is changes from one pod to the next.
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(images.map(({ newTag }) => newTag)).toEqual([version]);
    expect(read('docs/deploy/kubernetes.md')).toContain(`/latchkey:${version} `);
  });
});

const recipes = ['compose', 'kubernetes', 'container-host', 'reverse-proxy'].map((name) => ({
  name,
  text: read(`docs/deploy/${name}.md`),
}));

describe.each(recipes)('$name.md', ({ text }) => {
  test('names the three settings that matter, and ends with a check of health and setup', () => {
    for (const name of ['BASE_URL', 'TRUSTED_PROXIES']) expect(text).toContain(name);
    const check = /\n## Check it\n+```sh\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    expect(check).toContain(`curl -fsS https://login.example.org${routes.readyz}`);
    expect(check).toMatch(/npm run doctor|node bin\/latchkey\.js doctor/);
  });

  test('names only variables that are read', () => {
    const named = [...text.matchAll(/(?:^|[`\s])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=|`)/gm)].map(
      ([, name]) => name!,
    );
    // Of compose.yaml and of a host, not of the application.
    const others = ['POSTGRES_PASSWORD', 'RAILWAY_RUN_UID', '_FILE'];
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((name) => !variables.includes(name) && !others.includes(name))).toEqual([]);
  });
});

describe('the reverse proxy', () => {
  const { text } = recipes.find(({ name }) => name === 'reverse-proxy')!;
  const block = (language: string) =>
    new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? '';

  test('nginx logs no query, neither of requests nor of errors', () => {
    const format = /log_format without_query ([\s\S]*?);/.exec(block('nginx'))![1]!;
    expect(format).toContain('$uri');
    expect(format).not.toMatch(
      /\$request\b|\$request_uri|\$args|\$query_string|\$is_args|\$arg_|\$http_referer/,
    );
    expect(block('nginx')).toMatch(/access_log \S+ without_query;/);
    expect(block('nginx')).toMatch(/error_log \S+ crit;/);
  });

  test('nginx passes on the host, and an address of its own finding', () => {
    expect(block('nginx')).toContain('proxy_set_header Host $http_host;');
    expect(block('nginx')).toContain('proxy_set_header X-Forwarded-For $remote_addr;');
  });

  test('Caddy leaves queries out of every log line, those of the page before too, as in compose.yaml', () => {
    const filters = [String.raw`request>uri regexp "\?.*" "?"`, 'request>headers>Referer delete'];
    for (const filter of filters) {
      expect(block('caddy')).toContain(filter);
      expect(read('compose.yaml')).toContain(filter);
    }
  });

  test('Traefik drops queries and asks a route that exists', () => {
    const [statics, dynamics] = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      ([, yaml]) => parse(yaml!) as object,
    );
    expect(statics).toMatchObject({ accessLog: { fields: { queryParameters: { defaultMode: 'drop' } } } });
    expect(dynamics).toMatchObject({
      http: { services: { latchkey: { loadBalancer: { healthCheck: { path: routes.readyz } } } } },
    });
  });

  test('the page tells the sizes and times of the code', () => {
    expect(text).toContain(`at ${usualLimits.keepAliveMilliseconds / 1000} seconds`);
    expect(text).toContain(`${usualLimits.headerBytes / 1024} kB of headers`);
  });
});
