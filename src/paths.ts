/** Every address of the application, once. `base` is the path of BASE_URL, `''` at the root. */
export function createPaths(base: string) {
  return {
    home: `${base}/`,
    profile: `${base}/profile`,
    login: (provider: string) => `${base}/login/${provider}`,
    callback: (provider: string) => `${base}/login/${provider}/callback`,
    logout: `${base}/logout`,
    readProfile: (provider: string) => `${base}/profile/${provider}/read`,
    unlink: (provider: string) => `${base}/profile/${provider}/unlink`,
    replace: `${base}/link/replace`,
    conflict: `${base}/link/conflict`,
    sessions: `${base}/sessions`,
    endSession: (ref: string) => `${base}/sessions/${ref}/end`,
    endOtherSessions: `${base}/sessions/end-others`,
    myData: `${base}/account/data.json`,
    deleteAccount: `${base}/account/delete`,
    inspector: `${base}/inspector`,
    flow: (id: string) => `${base}/inspector/${id}`,
    flowAsJson: (id: string) => `${base}/inspector/${id}.json`,
    compareFlows: `${base}/inspector/compare`,
    theme: `${base}/theme`,
    help: `${base}/help`,
    setup: `${base}/setup`,
    checkNow: (provider: string) => `${base}/setup/${provider}/check`,
    learn: `${base}/learn`,
    stepMode: `${base}/learn/steps`,
    learnSource: (file: string) => `${base}/learn/source/${file}`,
    assets: `${base}/assets`,
    robots: `${base}/robots.txt`,
    securityText: `${base}/.well-known/security.txt`,
    manifest: `${base}/manifest.webmanifest`,
    healthz: `${base}/healthz`,
    readyz: `${base}/readyz`,
  };
}

export type Paths = ReturnType<typeof createPaths>;

/** The same addresses as Express route patterns, relative to where the application is mounted. */
export const routes = createPaths('');
