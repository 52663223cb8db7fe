# syntax=docker/dockerfile:1
# The same version as in package-lock.json; a test compares them.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# Node can strip the types at each start, too; without them it starts sooner, in less memory.
FROM node:24.21.0-bookworm-slim AS compiled
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Latchkey" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
# The one folder that is written to, and only with SQLite: a volume of the host's. No VOLUME: Railway
# builds no image that has one.
RUN install -d -o node -g node /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY --from=compiled /app/dist ./dist
COPY bin ./bin
COPY views ./views
COPY public ./public
# The user node, by number: Kubernetes sees only from a number that it is not root.
USER 1000:1000
EXPOSE 3000
# The health check is exempt from the check of the Host name.
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||3000)+new URL(process.env.BASE_URL||'http://x').pathname.replace(/\\/$/,'')+'/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# Not npm: the process itself must get the signals. The two flags halve the memory: docs/decisions/034-what-a-start-loads.md.
CMD ["node", "--max-semi-space-size=8", "--heap-growing-percent=40", "bin/latchkey.js"]
