# What runs is JavaScript made by tsc, as npm publishes it; the image holds no compiler and no development packages.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production ENNEAD_HOST=0.0.0.0 ENNEAD_DATA=/var/lib/ennead
WORKDIR /opt/ennead
COPY --from=build /build/package.json /build/LICENSE /build/NOTICE /build/supergraph.yaml ./
COPY --from=build /build/bin bin
COPY --from=build /build/schema schema
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
RUN mkdir -p /var/lib/ennead && chown node:node /var/lib/ennead
USER node
VOLUME /var/lib/ennead
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "bin/ennead.js", "status", "--url", "http://localhost:4000"]
ENTRYPOINT ["node", "--max-semi-space-size=32", "bin/ennead.js"]
CMD ["start"]
