const milliseconds = 2000;

/**
 * Tells the sandbox whether browsers stop at it before each redirect, by its JSON API. False when it
 * did not take it: it may run elsewhere, or not at all.
 */
export async function sendStepMode(sandboxUrl: string, on: boolean): Promise<boolean> {
  // Loaded only where somebody learns.
  const { request: send } = await import('undici');
  try {
    const { statusCode, body } = await send(`${sandboxUrl}/api/settings`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ stepMode: on }),
      signal: AbortSignal.timeout(milliseconds),
    });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
