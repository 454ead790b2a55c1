import type { Command } from "../input/command.ts";

/** Writes what a nats-server has to know of who may do what. */
export const serverConfig: Command = {
  name: "server-config",
  usage: "TENANT… [options]",
  summary: "Writes the configuration of a nats-server: accounts, keys, and who may do what.",
  operands: { name: "TENANT", least: 1, most: 100 },
  details: [
    "Each TENANT is an account of its own: what is in one is not there for another one. In it are the users gateway, operator (for this command) and node; with several pools node-POOL for each, which may host nothing else; with --organization role-NAME for each agent, which may send to whom its charter names and to nobody else.",
    "DIR gets server.conf, and for each user a file .nk with the secret seed of its key, which nobody but you may read, and a file .env with what its process is to be given: NATS_NKEY and NATS_INBOX_PREFIX. Where a seed is there already it is kept: write the configuration again when something has changed, and have the servers read it (nats-server --signal reload). No seed is printed, and none is in server.conf.",
    "nats-server -c DIR/server.conf needs SERVER_NAME in its environment. Several servers are a cluster with --route for each of them: cluster.conf, which is secret, goes with server.conf, and route-password is what they have in common.",
    "Exit codes: 0 written; 2 something cannot be, and what is missing of it was not written.",
  ],
  options: [
    { name: "out", value: "DIR", text: "Where to write; it is made if it is not there. Has to be named." },
    { name: "namespace", value: "NAME", text: "The namespace of each tenant. Default ORGTREE_NAMESPACE, or main." },
    {
      name: "partitions",
      value: "POOL=N",
      text: "The pools and their partitions, as main=16,gpu=4; the same as for the nodes. Default ORGTREE_PARTITIONS, or main=16.",
    },
    { name: "organization", value: "FILE", text: "Makes a user for each role of its default export." },
    { name: "storage", value: "SIZE", text: "What a tenant may store, as 500MB or 8GB. Default 8GB." },
    {
      name: "listen",
      value: "ADDRESS",
      text: "Where the server listens. Default 127.0.0.1:4222; 0.0.0.0:4222 is for others, and wants TLS.",
    },
    { name: "store", value: "PATH", text: "Where the server stores. Default DIR/store." },
    { name: "tls-cert", value: "FILE", text: "The certificate of the server. With --tls-key." },
    { name: "tls-key", value: "FILE", text: "Its key." },
    { name: "tls-ca", value: "FILE", text: "Whoever connects has to show a certificate of this authority as well." },
    { name: "route", value: "HOST:PORT", isMultiple: true, text: "A server of the cluster, this one included. May be repeated." },
    { name: "cluster-listen", value: "ADDRESS", text: "Where the other servers find this one. Default 127.0.0.1:6222." },
    { name: "json", text: "What was written as JSON." },
  ],
  load: async () => (await import("../cluster/write-server-config.ts")).writeConfig,
};
