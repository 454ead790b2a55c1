import { createMachine } from "xstate"; 
const { lintMachine } = await import(process.argv[2]!);
function flat(count: number): any { const states: any = { end: { type: "final" } }; for (let i = 0; i < count; i++) states[`s${i}`] = { on: { NEXT: `s${(i + 1) % count}`, JUMP: `s${(i * 31) % count}`, ...(i === 0 ? { END: "end" } : {}) }, after: { 100: `s${(i + 7) % count}` } }; return createMachine({ id: "flat", initial: "s0", states }); }
const m=flat(1000); const out=[]; for (let i=0;i<6;i++){const c=process.cpuUsage(), w=performance.now(); lintMachine(m); const d=process.cpuUsage(c); out.push(`wall ${(performance.now()-w).toFixed(0)} cpu ${((d.user+d.system)/1000).toFixed(0)}`)} console.log(out.join(' | '));
