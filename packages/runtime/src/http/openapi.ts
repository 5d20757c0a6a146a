/**
 * The API document (OpenAPI 3.1) at /openapi.json and a page to try it out at /docs/, both from the routes' own schemas. The page needs
 * nothing from elsewhere (its content policy forbids it) and works behind a proxy with a path prefix: all its links are relative. The
 * document's server URL follows X-Forwarded-Proto, -Host and -Prefix of a trusted proxy, and is relative without one.
 */
import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance, FastifyRequest, FastifySchema, RouteOptions } from 'fastify';
import { ProblemSchema } from './problem.ts';

export type OpenApiInfo = { readonly title: string; readonly version: string; readonly description: string };

const pageUrl = '/docs/';
const hidden = { config: { public: true }, schema: { hide: true } } as const;

/** To be registered before any route: it collects them as they come. */
export async function registerOpenApi(server: FastifyInstance, info: OpenApiInfo): Promise<void> {
  server.addHook('onRoute', describeRoute);
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { ...info },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  });
  server.get('/openapi.json', hidden, (request, reply) => {
    const document = { ...server.swagger(), servers: [{ url: serverUrlOf(request) }] };
    return reply.header('access-control-allow-origin', '*').send(document);
  });
  await registerPage(server, info.title);
}

/** What every route may answer besides its own, and that it needs a token. */
function describeRoute(route: RouteOptions): void {
  const schema = (route.schema ?? {}) as FastifySchema & { security?: unknown };
  const isPublic = route.config?.public === true;
  const statuses = isPublic ? ['400', '429', '500', '503'] : ['400', '401', '403', '429', '500', '503'];
  const problems = Object.fromEntries(statuses.map((status) => [status, problemResponse]));
  route.schema = {
    ...schema,
    ...(isPublic ? {} : { security: [{ token: [] }] }),
    response: { ...problems, ...(schema.response as object | undefined) },
  };
}

const problemResponse = {
  description: 'Problem details, RFC 9457',
  content: { 'application/problem+json': { schema: ProblemSchema } },
} as const;

/** One response entry of problem details, for a route's `response`: `{ 202: …, ...problemResponses(409, 422) }`. */
export const problemResponses = (...statuses: readonly number[]): Record<string, typeof problemResponse> =>
  Object.fromEntries(statuses.map((status) => [String(status), problemResponse]));

/** `request.protocol` and `host` already follow the proxy's word when the proxy is trusted. */
function serverUrlOf(request: FastifyRequest): string {
  const prefix = request.headers['x-forwarded-prefix'];
  if (!isFromTrustedProxy(request)) return './';
  const path = typeof prefix === 'string' && /^(\/[\w.~-]+)*\/?$/.test(prefix) ? prefix.replace(/\/$/, '') : '';
  return `${request.protocol}://${request.host}${path}`;
}

/** Fastify lists more than the peer itself only where it believes the forwarding. */
const isFromTrustedProxy = (request: FastifyRequest): boolean => (request.ips?.length ?? 0) > 1;

const policy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = (title: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title.replace(/[<>&"]/g, '')}</title></head>
<body><div id="app"></div><script src="scalar/js/scalar.js"></script><script src="page.js"></script></body></html>
`;

/** Runs in the browser: the API stands one level above the page, whatever path the proxy put before both. */
const pageScript = `const base = new URL('..', location.href).href.replace(/\\/$/, '');
Scalar.createApiReference('#app', {
  url: base + '/openapi.json', servers: [{ url: base }], baseServerURL: base,
  withDefaultFonts: false, hideClientButton: true, showDeveloperTools: 'never', telemetry: false,
  agent: { disabled: true }, mcp: { disabled: true }, authentication: { preferredSecurityScheme: 'token' },
});
`;

async function registerPage(server: FastifyInstance, title: string): Promise<void> {
  // A relative target: an absolute one would lose the proxy's prefix.
  server.get('/docs', hidden, (_request, reply) => reply.redirect('docs/', 302));
  server.get(pageUrl, hidden, (_request, reply) =>
    reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(page(title)),
  );
  server.get(`${pageUrl}page.js`, hidden, (_request, reply) => reply.type('text/javascript; charset=utf-8').send(pageScript));
  // Of this plugin only the bundled script is used.
  await server.register(scalar, { routePrefix: `${pageUrl}scalar`, configuration: { url: '../../openapi.json' } });
}

/** The plugin's own routes cannot say that they are public. */
export const isPageRoute = (route: RouteOptions): boolean => route.url.startsWith(`${pageUrl}scalar`);
