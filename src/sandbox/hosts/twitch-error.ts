import type { Response } from 'express';
import { ProtocolError } from '../protocol-error.ts';

/** The shape of id.twitch.tv: no `error`, and a newline at the end. */
export function twitchError(status: number, message: string): ProtocolError {
  const body = `${JSON.stringify({ status, message })}\n`;
  return new ProtocolError({ status, channel: 'json', verdict: message, body });
}

export function sendTwitchJson(res: Response, body: unknown): void {
  res.type('application/json').send(`${JSON.stringify(body)}\n`);
}
