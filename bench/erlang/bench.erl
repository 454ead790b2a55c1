%% The Erlang side of the benches: reads "job size" lines, does the job, answers "done=... ms=...".
-module(bench).
-export([serve/0, start_link/1, init/1, handle_call/3, handle_cast/2, handle_info/2]).

serve() ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            [Job, Size] = string:lexemes(Line, " \n"),
            try job(list_to_atom(Job), list_to_integer(Size)) of
                Measures -> io:format("~s~n", [lists:join(" ", [io_lib:format("~s=~w", [K, V]) || {K, V} <- Measures])])
            catch
                Class:Reason:Stack ->
                    io:format(standard_error, "~p: ~p ~p~n", [Class, Reason, Stack]),
                    halt(1)
            end,
            serve()
    end.

%% Tells: a counter that is sent {add, 1} and asked for its count.
job(tell_batches, Size) ->
    Counter = spawn_link(fun() -> count(0) end),
    timed(fun() -> batches(Counter, Size) end);
job(tell_burst, Size) ->
    Counter = spawn_link(fun() -> count(0) end),
    timed(fun() -> send(Counter, Size), ask(Counter) end);
job(tell_actor, Size) ->
    Counter = spawn_link(fun() -> count(0) end),
    Driver = spawn_link(fun() -> drive(Counter) end),
    timed(fun() -> driven_batches(Driver, Size) end);

%% Asks: gen_server:call, one after the other and from 100 processes.
job(ask, Size) ->
    {ok, Server} = start_link(0),
    Sample = timed(fun() -> call(Server, Size, 0) end),
    gen_server:stop(Server),
    Sample;
job(ask_100, Size) ->
    {ok, Server} = start_link(0),
    Self = self(),
    Caller = fun() -> Self ! {answers, call(Server, Size div 100, 0)} end,
    Sample = timed(fun() ->
        [spawn_link(Caller) || _ <- lists:seq(1, 100)],
        lists:sum([receive {answers, N} -> N end || _ <- lists:seq(1, 100)])
    end),
    gen_server:stop(Server),
    Sample;

%% Children one by one under a dynamic supervisor.
job(spawn_stop, Size) ->
    {ok, Sup} = supervisor:start_link(?MODULE, template),
    Sample = timed(fun() ->
        Pids = [begin {ok, Pid} = supervisor:start_child(Sup, []), Pid end || _ <- lists:seq(1, Size)],
        Started = active(Sup),
        [ok = supervisor:terminate_child(Sup, Pid) || Pid <- Pids],
        Started - active(Sup)
    end),
    stop_supervisor(Sup),
    Sample;

%% Bytes.
job(process_bytes, Size) ->
    bytes(fun() -> [spawn_link(fun idle/0) || _ <- lists:seq(1, Size)] end, fun(Pids) -> length([P || P <- Pids, is_process_alive(P)]) end);
job(gen_server_bytes, Size) ->
    Start = fun() -> {ok, Sup} = supervisor:start_link(?MODULE, {children, children(Size)}), Sup end,
    bytes(Start, fun active/1);

%% Many children under one supervisor, from its init list.
job(children, Size) ->
    Specs = children(Size),
    T0 = now_us(),
    {ok, Sup} = supervisor:start_link(?MODULE, {children, Specs}),
    T1 = now_us(),
    Done = active(Sup),
    Restart = restarts(Sup, Size),
    Size = active(Sup),
    T2 = now_us(),
    stop_supervisor(Sup),
    T3 = now_us(),
    [{done, Done}, {startMs, (T1 - T0) / 1000}, {stopMs, (T3 - T2) / 1000}, {restartUs, Restart}].

timed(Work) ->
    T0 = now_us(),
    Done = Work(),
    [{done, Done}, {ms, (now_us() - T0) / 1000}].

now_us() -> erlang:monotonic_time(nanosecond) / 1000.

count(State) ->
    receive
        {add, By} -> count(State + By);
        {count, From, Ref} -> From ! {Ref, State}, count(State)
    end.

ask(Counter) ->
    Ref = make_ref(),
    Counter ! {count, self(), Ref},
    receive {Ref, Count} -> Count end.

send(_, 0) -> ok;
send(To, N) -> To ! {add, 1}, send(To, N - 1).

%% 999 messages and one question, as our mailbox holds 1,000.
batches(Counter, Left) when Left =< 999 -> send(Counter, Left), ask(Counter);
batches(Counter, Left) -> send(Counter, 999), ask(Counter), batches(Counter, Left - 999).

%% A process that sends when it is told to, and passes the question on.
drive(Counter) ->
    receive {send, N, From, Ref} -> send(Counter, N), Counter ! {count, From, Ref}, drive(Counter) end.

driven_batches(Driver, Left) ->
    N = min(999, Left),
    Ref = make_ref(),
    Driver ! {send, N, self(), Ref},
    Count = receive {Ref, C} -> C end,
    if Left > 999 -> driven_batches(Driver, Left - N); true -> Count end.

call(_, 0, Answers) -> Answers;
call(Server, N, Answers) -> 1 = gen_server:call(Server, {ask, 1}), call(Server, N - 1, Answers + 1).

idle() -> receive stop -> ok end.

bytes(Start, Count) ->
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    Started = Start(),
    erlang:garbage_collect(),
    Bytes = erlang:memory(total) - Before,
    [{done, Count(Started)}, {bytes, Bytes}].

children(Size) ->
    [#{id => {child, N}, start => {?MODULE, start_link, [0]}} || N <- lists:seq(1, Size)].

active(Sup) -> proplists:get_value(active, supervisor:count_children(Sup)).

stop_supervisor(Sup) ->
    unlink(Sup),
    Ref = monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Ref, process, Sup, _} -> ok end.

%% From the message that fails a child to the answer of the restarted one; median of 100.
restarts(Sup, Size) ->
    Pids = list_to_tuple([Pid || {_, Pid, _, _} <- supervisor:which_children(Sup)]),
    persistent_term:put(bench_owner, self()),
    Times = [restart(element(N * (Size div 100), Pids)) || N <- lists:seq(1, 100)],
    persistent_term:erase(bench_owner),
    lists:nth(50, lists:sort(Times)).

restart(Pid) ->
    T0 = now_us(),
    gen_server:cast(Pid, crash),
    New = receive {up, Up} -> Up end,
    1 = gen_server:call(New, {ask, 1}),
    now_us() - T0.

%% gen_server and supervisor callbacks.
start_link(State) -> gen_server:start_link(?MODULE, State, []).

init(template) ->
    Child = #{id => child, start => {?MODULE, start_link, [0]}, restart => permanent},
    {ok, {#{strategy => simple_one_for_one, intensity => 1000000, period => 1}, [Child]}};
init({children, Specs}) ->
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1}, Specs}};
init(State) ->
    case persistent_term:get(bench_owner, none) of
        none -> ok;
        Owner -> Owner ! {up, self()}
    end,
    {ok, State}.

handle_call({ask, N}, _From, State) -> {reply, N, State + N}.

handle_cast(crash, _State) -> error(crash).

handle_info(_, State) -> {noreply, State}.
