export { NatsError, type NatsProblem } from "./connection/nats-error.ts";
export { natsSettings, type NatsEnvironment } from "./connection/nats-settings.ts";
export { type LinkEvent, NatsLink, type NatsLinkOptions } from "./connection/nats-link.ts";
export { type Answer, NatsRequests } from "./connection/nats-requests.ts";
export { type MicroEndpoint, MicroService, type MicroServiceOptions } from "./micro/micro-service.ts";
export { NatsWire, type NatsWireOptions } from "./wire/nats-wire.ts";
export { JetStreamJournalError, type JetStreamProblem } from "./journal/journal-problem.ts";
export { JetStreamJournal, type JetStreamJournalOptions, openJetStreamJournal } from "./journal/jetstream-journal.ts";
export { findNatsLeases, NatsLeases, type NatsLeasesOptions, openNatsLeases } from "./leases/nats-leases.ts";
