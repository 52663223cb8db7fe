import type { Report, ServiceReport } from './doctor.ts';
import { type Finding, statusWords } from './finding.ts';

/** The report for a terminal. */
export function toDoctorText({ verdict, server, services }: Report): string {
  const parts = [
    verdict,
    ['This server', ...server.flatMap(toLines)].join('\n'),
    ...services.map((service) => toServiceLines(service).join('\n')),
  ];
  return `\n${parts.join('\n\n')}\n\n`;
}

function toLines({ name, status, sentence, fix }: Finding): string[] {
  const line = `  ${statusWords[status].padEnd(14)}${name}: ${sentence}`;
  return fix === null || status === 'ok' ? [line] : [line, `${' '.repeat(16)}→ ${fix}`];
}

function toServiceLines(service: ServiceReport): string[] {
  const { name, state, status, summary, closed, redirectUri, where, rules, variables, snippet, message } =
    service;
  const heading = `${name}: ${summary}`;
  const states = variables.map((variable) => `  ${variable.name}: ${variable.words}`);
  if (closed !== null && state !== 'live')
    return [heading, `  ${closed}`, ...(status === 'needs-action' ? states : [])];
  const field = where.field === null ? '' : `, field ${where.field}`;
  return [
    heading,
    `  Return address to paste: ${redirectUri}`,
    `  Where: ${where.place}${field}${where.url === null ? '' : ` (${where.url})`}`,
    ...rules.map((rule) => `  - ${rule}`),
    ...states,
    ...(state === 'live' ? [] : ['  For .env:', ...indent(snippet)]),
    ...(message === null || state === 'live' ? [] : ['  Message to send:', ...indent(message)]),
    ...service.network.flatMap(toLines),
  ];
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => (line === '' ? '' : `    ${line}`));
}
