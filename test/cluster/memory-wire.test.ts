import { MemoryNetwork } from "@orgtree/cluster";
import { wireContract } from "@orgtree/cluster/testing";
import { systemClock } from "@orgtree/runtime";

wireContract(
  "in memory",
  () => {
    const network = new MemoryNetwork({ clock: systemClock });
    let count = 0;
    return Promise.resolve({
      connect() {
        const wire = network.connect(`process ${count++}`);
        return Promise.resolve({ wire, cut: () => wire.cut(), mend: () => wire.mend() });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  () => new Promise((resolve) => setImmediate(resolve)),
);
