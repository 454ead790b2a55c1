/**
 * What readers and other processes rely on: the names that packages export, and how errors are known once they have left
 * their process.
 */
import * as cluster from "@orgtree/cluster";
import * as core from "@orgtree/core";
import * as nats from "@orgtree/nats";
import * as natsServer from "@orgtree/nats/server";
import * as model from "@orgtree/model";
import * as org from "@orgtree/org";
import * as runtime from "@orgtree/runtime";
import * as tools from "@orgtree/tools";
import * as door from "orgtree";
import * as journalDoor from "orgtree/journal";
import { describe, expect, test } from "vitest";

const { ExpectedError } = core;
const failure: core.Failure = { class: "crash", name: "Error", message: "it dies", address: "/a" };

/** One error of each class. A new class is missing here until somebody has thought about its words. */
const samples: Record<string, core.ExpectedError> = {
  AddressError: new core.AddressError("a b", "an address begins with /"),
  AskFailedError: new core.AskFailedError("/a", "unknown", "it ended"),
  AskTimeoutError: new core.AskTimeoutError("/a", 5_000),
  ClusterError: new cluster.ClusterError("partitions", "the namespace was made with the partitions { main: 16 }: name another namespace"),
  BudgetExhaustedError: new core.BudgetExhaustedError("tokens", 10, 3),
  FailureError: new core.FailureError({ class: "loop", message: "the same call again" }),
  MachineLintError: new runtime.MachineLintError({
    machine: "desk",
    findings: [{ rule: "no-final", severity: "error", state: "desk", message: "it can never end" }],
  }),
  JetStreamJournalError: new nats.JetStreamJournalError("run-3", { problem: "full", message: "the stream is full: compact the journal" }),
  JournalCompactedError: new core.JournalCompactedError("run.journal", 3, 7),
  JournalConflictError: new core.JournalConflictError("run.journal", "/a", { wanted: 3, last: 7 }),
  JournalDamagedError: new core.JournalDamagedError("run.journal", "entry 3 of /a is not what was written"),
  JournalMovedError: new core.JournalMovedError("run.journal", "it was removed", { outcome: "unknown" }),
  JournalError: new core.JournalError("run.journal", "the disk is full", { retryable: true }),
  JournalFencedError: new core.JournalFencedError("run.journal", { own: 1, current: 2 }),
  JournalFullError: new core.JournalFullError("run.journal", 1_048_576),
  JournalLockedError: new core.JournalLockedError("run.journal", "process 7 on host a"),
  JournalVersionError: new core.JournalVersionError("run.journal", "version 9 is newer than this program, which knows 1"),
  MailboxFullError: new core.MailboxFullError("/a", 1_000),
  ConsentError: new runtime.ConsentError("/a", [{ key: "/a#1.0", kind: "deliver", does: undefined, detail: {} }], {
    redelivered: 1,
    messages: [{ to: "/a", from: "/b", type: "add" }],
  }),
  RollbackError: new runtime.RollbackError("/a", "there is no checkpoint"),
  LeaseError: new core.LeaseError("orgtree_n", "no answer within 1000 ms: try again in a moment", { outcome: "unknown" }),
  LogicChangedError: new runtime.LogicChangedError(
    { address: "/a", stored: { hash: "1f", version: "1" }, current: { hash: "2e", version: undefined } },
    "give the logic a migrate",
  ),
  MessageRefusedError: new core.MessageRefusedError("/a", "forged", "its type belongs to the runtime"),
  ModelError: new core.ModelError("rate-limit", "too many requests", { status: 429, retryAfterMs: 2_000 }),
  NameTakenError: new runtime.NameTakenError("editor", "/a"),
  SecretMissingError: new core.SecretMissingError("TOKEN", "is not there: set TOKEN, or TOKEN_FILE to a file with it"),
  NatsError: new nats.NatsError("unreachable", "no NATS server answers at 127.0.0.1:4222: start one"),
  NatsServerMissingError: new natsServer.NatsServerMissingError("2.11.0", ["/usr/sbin/nats-server: version 2.10.27 is too old"]),
  NotStorableError: new core.NotStorableError("the state of /a", "jobs[3].done", "is a function"),
  OutcomeError: new runtime.OutcomeError("/a#1.0", "no work of /a was cut off under this key"),
  RoleViolationError: new core.RoleViolationError("/a", "call delete", "ask somebody who may"),
  SpecError: new core.SpecError("spec.id", "missing"),
  SupervisorCallError: new core.SupervisorCallError("start-failed", "a", { problem: "it did not start", failure }),
  SystemClosedError: new runtime.SystemClosedError("it drains"),
  ToolError: new core.ToolError("search", "timeout", { message: "took longer than 60000 ms" }),
  TurnClosedError: new runtime.TurnClosedError("/a"),
  GivenUpError: new core.GivenUpError("/a", {
    failure: { class: "crash", name: "Error", message: "boom", address: "/a" },
    at: { address: "/", seq: 3, position: 7 },
    before: { address: "/a", seq: 2, position: 5 },
  }),
  TreeParkedError: new runtime.TreeParkedError("/a", "/a/b"),
  UnknownSpecError: new runtime.UnknownSpecError("/a/b", "main-1"),
  UnknownTurnError: new runtime.UnknownTurnError("/a", 99, "/a has no turn 99; there are 3 from 0 to 2"),
  UnreadableTurnError: new runtime.UnreadableTurnError({ address: "/a", seq: 3, position: 7 }, "it was not written by a system of orgtree"),
  UnknownWorkError: new runtime.UnknownWorkError("/a", "fetch", ["book"]),
  WorkUndoneError: new runtime.WorkUndoneError("/a#1.0"),
  UnknownRecipientError: new core.UnknownRecipientError("/a"),
};

type ErrorClass = new (...args: never[]) => core.ExpectedError;

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === "function" && value.prototype instanceof ExpectedError;
}

const classes = [core, cluster, runtime, nats, natsServer]
  .flatMap((names) => Object.entries(names))
  .filter((entry): entry is [string, ErrorClass] => isErrorClass(entry[1]));

describe("the exported errors", () => {
  test("are those of which there is a sample", () => {
    expect(classes.map(([name]) => name).sort()).toEqual(Object.keys(samples).sort());
  });

  test.each(classes)("%s is called what its class is called, in every process", (name, ErrorClass) => {
    const error = samples[name]!;
    expect(error).toBeInstanceOf(ErrorClass);
    expect([ErrorClass.name, error.name]).toEqual([name, name]);
    const failure = core.toFailure(error);
    expect(core.reviveError(failure)).toMatchObject({ name, message: error.message, retryable: error.retryable, detail: error.detail });
    expect(core.toFailure(core.reviveError(failure))).toEqual(failure);
  });

  test.each(classes)("%s says in lower case what is wrong, without a full stop", (name) => {
    const { message } = samples[name]!;
    expect(message).not.toMatch(/^[A-Z]/);
    expect(message).not.toMatch(/\.$/);
  });

  test.each(classes)("%s fails an actor with a class that a supervisor can decide on", (name) => {
    const error = samples[name]!;
    expect(core.failureClasses).toContain(error.failureClass);
    const converted = core.toFailure(error, "/a");
    expect(JSON.parse(JSON.stringify(converted))).toEqual(converted);
  });
});

describe("the one door", () => {
  const errors = Object.entries({ core, runtime, org, model, tools }).flatMap(([name, parts]) =>
    Object.entries(parts).flatMap(([each, value]) =>
      typeof value === "function" && value.prototype instanceof Error ? [{ name, each, value: value as unknown }] : [],
    ),
  );

  test.each(errors)("leads to $each of $name: whoever is to catch it can name it", ({ each, value }) => {
    expect((door as Readonly<Record<string, unknown>>)[each]).toBe(value);
  });

  test("leads to what declares work, and to what keeps a process alive", () => {
    expect([door.work, door.guardProcess]).toEqual([runtime.work, runtime.guardProcess]);
  });

  test("leads to the types of what it is given and gives", () => {
    // The compiler is the test.
    const turn = (_turn: door.Turn, _to: door.ReplyTo, _signal: door.Signal): void => {};
    const system = (_options: door.SystemOptions, _handle: door.SupervisorHandle, _observer: door.Observer): void => {};
    const call = (_context: door.ToolContext, _work: door.WorkContext, _works: door.Works): void => {};
    const logic = (_stored: door.StoredState, _plain: door.PlainLogic, _onFailure: door.OnFailure): void => {};
    const start = (_start: door.StartOptions, _flags: door.RestartIntensity | door.Strategy | door.AutoShutdown): void => {};
    const child = (_restart: door.RestartType, _backoff: door.Backoff, _child: door.ChildInfo): void => {};
    const client = (_message: door.ModelMessage, _options: door.ModelCallOptions, _usage: door.ModelUsage): void => {};
    const journal = (_file: journalDoor.MemoryFile, _new: journalDoor.NewEntry, _query: journalDoor.EntryQuery): void => {};
    expect([turn, system, call, logic, start, child, client, journal]).toHaveLength(8);
  });

  test("has beside it a door of journals, which leads to the errors with which they reject", () => {
    const names = (exports: object): readonly string[] =>
      Object.entries(exports).flatMap(([name, value]) =>
        value === core.JournalError || (value as { prototype?: unknown } | undefined)?.prototype instanceof core.JournalError ? [name] : [],
      );
    expect(names(core).length).toBeGreaterThan(5);
    expect(names(journalDoor)).toEqual(names(core));
  });
});

describe("the names that a package exports", () => {
  test("of core", () => {
    expect(Object.keys(core).sort()).toMatchInlineSnapshot(`
      [
        "AddressError",
        "AskFailedError",
        "AskTimeoutError",
        "BudgetExhaustedError",
        "ExpectedError",
        "FailureError",
        "GivenUpError",
        "JournalCompactedError",
        "JournalConflictError",
        "JournalDamagedError",
        "JournalError",
        "JournalFencedError",
        "JournalFullError",
        "JournalLockedError",
        "JournalMovedError",
        "JournalVersionError",
        "LeaseError",
        "MailboxFullError",
        "MessageRefusedError",
        "ModelError",
        "NotStorableError",
        "Pins",
        "RoleViolationError",
        "SecretMissingError",
        "SpecError",
        "SupervisionWriter",
        "SupervisorCallError",
        "ToolError",
        "UnknownRecipientError",
        "addAmounts",
        "backoffMs",
        "causeChain",
        "checkAddress",
        "checkBudget",
        "checkChildOf",
        "checkChildSpec",
        "checkCount",
        "checkEntries",
        "checkExit",
        "checkFields",
        "checkLeast",
        "checkPlanner",
        "checkPosition",
        "checkPositive",
        "checkSegment",
        "checkStorable",
        "checkSupervisorSpec",
        "checkWord",
        "childAddress",
        "childrenOfPlan",
        "countChildren",
        "decideCut",
        "decideRemovals",
        "decode",
        "describeExit",
        "describeFailure",
        "diff",
        "encode",
        "failureClassOf",
        "failureClasses",
        "failureOf",
        "hasRevealed",
        "idOf",
        "isNamed",
        "isNothing",
        "isPermitted",
        "isQuery",
        "isQuiet",
        "isReservedType",
        "isStoredSupervision",
        "isWithin",
        "killedExit",
        "labelOf",
        "ladderFor",
        "leaksIn",
        "leftOf",
        "legible",
        "listChildren",
        "makeBackoff",
        "makeSecret",
        "makeSupervision",
        "maxCauseDepth",
        "maxDepth",
        "maxRecordLevels",
        "mayResume",
        "nearestName",
        "newRun",
        "noAmount",
        "openAccount",
        "parentAddress",
        "parseToolInput",
        "patch",
        "perDimension",
        "readFailure",
        "redact",
        "redactText",
        "rememberChildren",
        "reserve",
        "restoreSupervision",
        "reveal",
        "reviveError",
        "rollBackSupervision",
        "rootAddress",
        "seal",
        "settle",
        "shutdownExit",
        "splitAmount",
        "storedChild",
        "storedChildren",
        "storedPast",
        "storedRow",
        "subtractAmounts",
        "supervise",
        "toFailure",
        "toMicroUsd",
        "topOf",
        "withRunningChild",
        "withoutInput",
      ]
    `);
  });

  test("of nats", () => {
    expect([nats, natsServer].flatMap((names) => Object.keys(names)).sort()).toMatchInlineSnapshot(`
      [
        "JetStreamJournal",
        "JetStreamJournalError",
        "LocalCluster",
        "LocalServer",
        "MicroService",
        "NatsError",
        "NatsLeases",
        "NatsLink",
        "NatsRequests",
        "NatsServerMissingError",
        "NatsWire",
        "findNatsLeases",
        "findServer",
        "freePorts",
        "inboxOf",
        "isAtLeast",
        "natsSettings",
        "newNkey",
        "nkeyOf",
        "oldestServer",
        "openJetStreamJournal",
        "openJetStreamReader",
        "openNatsLeases",
        "rolePermissions",
        "tapWire",
        "tenantAccount",
        "tenantUsers",
        "wireSubject",
        "writeClusterConfig",
        "writeServerConfig",
      ]
    `);
  });

  test("of runtime", () => {
    expect(Object.keys(runtime).sort()).toMatchInlineSnapshot(`
      [
        "ActorSystem",
        "ConsentError",
        "LogicChangedError",
        "MachineLintError",
        "NameTakenError",
        "OutcomeError",
        "RollbackError",
        "SystemClosedError",
        "Timeline",
        "TreeParkedError",
        "TurnClosedError",
        "UnknownSpecError",
        "UnknownTurnError",
        "UnknownWorkError",
        "UnreadableTurnError",
        "VirtualClock",
        "WorkUndoneError",
        "act",
        "ask",
        "causeKindOf",
        "changesBetween",
        "createActorSystem",
        "currentAsk",
        "describePath",
        "endsOf",
        "fromWork",
        "guardProcess",
        "ignore",
        "isMachine",
        "keysWith",
        "lastMoment",
        "lintMachine",
        "listCutOff",
        "listPastActors",
        "lostWorkIn",
        "machine",
        "parseOutward",
        "partsOfKey",
        "pinGivenUp",
        "plain",
        "publish",
        "reachableCheckpoints",
        "readParcel",
        "readTurn",
        "replay",
        "reply",
        "resolveStored",
        "rollBackStored",
        "sizeOfState",
        "specBelow",
        "supervisor",
        "systemClock",
        "systemRandom",
        "tell",
        "turnOfKey",
        "typeOfLogic",
        "viewMoment",
        "watch",
        "work",
        "writeParcel",
      ]
    `);
  });
});
