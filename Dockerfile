# docker build -t sallyport .
# docker run --read-only --cap-drop ALL -v ./proxy-config:/etc/sallyport:ro -v sallyport:/var/lib/sallyport sallyport

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
# The only place that is written to: audit log, store, authority of certificates. All else may be mounted read-only.
RUN install -d -o 65532 -g 65532 -m 0700 /var/lib/sallyport
VOLUME /var/lib/sallyport
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
EXPOSE 6432 6306 6480 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# exec form: node is process 1 and gets SIGTERM (drain) and SIGHUP (reload) itself.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--config", "/etc/sallyport"]
