import type { Request, Response } from 'express';
import { meaningOf } from '../inspector/meanings.ts';
import type { Context } from './context.ts';
import { readCookie, setCookie } from './cookies.ts';
import { form } from './page.ts';
import { sandboxHref } from './services.ts';
import type { HandOffPage, StepModeChoice } from './view-models.ts';

const stepCookie = 'latchkey-steps';
const stepMilliseconds = 24 * 60 * 60 * 1000;

/**
 * In step mode a login stops before this browser leaves for the provider. For developers only; on
 * from the start where SANDBOX_STEPS says so.
 */
export function isStepping({ config }: Context, request: Request): boolean {
  if (config.production) return false;
  const chosen = readCookie(request, stepCookie, config.secure);
  return chosen === null ? config.sandbox.stepMode : chosen === 'on';
}

export function chooseStepMode({ config }: Context, response: Response, on: boolean): void {
  const { secure } = config;
  setCookie(response, stepCookie, on ? 'on' : 'off', { secure, maxAgeMilliseconds: stepMilliseconds });
}

/** The switch on a page, which leads back to that page; null in production. */
export function toStepModeChoice(context: Context, request: Request, here: string): StepModeChoice | null {
  const { config, paths } = context;
  if (config.production) return null;
  const on = isStepping(context, request);
  return {
    on,
    inSandbox: sandboxHref(context) !== null,
    action: form(`Switch ${on ? 'off' : 'on'} step mode`, paths.stepMode, {
      on: on ? 'no' : 'yes',
      return_to: here,
    }),
  };
}

/** What the stop before leaving shows: the authorization request by its parameters. */
export function toStop(authorizationRequest: URL): HandOffPage['stop'] {
  const { origin, pathname, searchParams } = authorizationRequest;
  return {
    address: `${origin}${pathname}`,
    fields: [...searchParams].map(([name, value]) => ({ name, value: [value], meaning: meaningOf(name) })),
  };
}
