# The package is built from this repository, and installed with the two packages that --database needs.
FROM node:26-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm pack --pack-destination /out

FROM node:26-trixie-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /out/latchkey-*.tgz /tmp/
RUN npm install --no-fund --no-audit --omit=dev /tmp/latchkey-*.tgz pg@8 kysely@0.29 \
 && rm -rf /tmp/latchkey-*.tgz /root/.npm \
 && mkdir /data && chown node:node /data
# Nothing is written but the data folder, so the root file system may be read-only.
USER node
VOLUME /data
ENV LATCHKEY_DATA=/data \
    LATCHKEY_HTTP=0.0.0.0:8080 \
    LATCHKEY_TLS=off \
    LATCHKEY_GRPC=off
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/node_modules/latchkey/dist/cli/main.js"]
CMD ["serve"]
