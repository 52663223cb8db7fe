# syntax=docker/dockerfile:1
# The same version as in package-lock.json; a test compares them.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Latchkey" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
# The one folder that is written to, and only with SQLite.
RUN install -d -o node -g node /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
COPY views ./views
COPY public ./public
USER node
VOLUME /data
EXPOSE 3000
# The health check is exempt from the check of the Host name.
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||3000)+new URL(process.env.BASE_URL||'http://x').pathname.replace(/\\/$/,'')+'/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# Not npm: the process itself must get the signals.
CMD ["node", "src/server.ts"]
