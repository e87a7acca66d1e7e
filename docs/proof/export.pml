/* The export protocol: task lease, account lease, quota, batch, part file, publish, seal, take-over
 * and rebuild. The runner is tools/model.py; what is checked and left out stands in README.md.
 *
 * One atomic step = one transaction, one call of the file system, or one look at the local deadline
 * of a lease. Between any two steps: another worker, a crash, a lease that runs out, the day's turn,
 * an operator, a rebuild. A lease that runs out while its holder stands between two steps is the
 * frozen worker. Tokens are only compared, so a token is one bit per writer: `valid[w]` is "mine is
 * the newest". -DNO_<GUARD> removes a guard.
 *
 * In the code: open_part, publish and seal are SegmentFiles.open_part, SegmentWriter.publish and
 * SegmentFinalizer._seal; ASKED is the question of WriteFence.require; write_batch is
 * ExportTransaction.export; take is task_leases.claim; put_back and finish are those of task_leases.
 */
#ifndef QUOTA
#define QUOTA 2            /* rows per account and day */
#endif
#ifndef FR
#define FR 9               /* rows per file */
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifndef LANES
#define LANES 1            /* tasks that drain the same domain */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FREEZES
#define FREEZES 1          /* leases that run out under a live worker */
#endif
#ifndef LOST
#define LOST 1             /* COMMITs without an answer */
#endif
#ifndef TURNS
#define TURNS 1
#endif
#ifndef OPS
#define OPS 1              /* pause, cancel, resume of a failed task */
#endif
#ifndef REFRESH
#define REFRESH 1          /* a crawl changes what row 1 says */
#endif
#ifndef ROWS
#define ROWS 3             /* of which the second commits late, with a lower id than the third */
#endif
#ifndef ACCOUNTS
#define ACCOUNTS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef REBUILDS
#define REBUILDS 0         /* `exports rebuild`, and orphans of ended tasks */
#endif
#ifndef LOSSES
#define LOSSES 0           /* sealed files that get lost */
#endif
#ifndef JOINS
#define JOINS 0            /* requests that join the open task, behind a crawl of their own */
#endif
#define NS 6               /* segments */
#define LATE 1             /* the row (from 0) that commits late, with a lower id than others */

/* task states */
#define PEND 1
#define INPR 2
#define PAUS 3
#define DONE 4
#define FAIL 5
/* leases */
#define NONE 0
#define LIVE 1
#define OVER 2
/* segments */
#define OPEN 1
#define SEALED 2
/* why a transaction changed nothing */
#define OK 0
#define EMPTY 1
#define QUOTA_USED 2
#define LEASE_LOST 3
#define HALTED 4
#define UNKNOWN 5
#define AGAIN 6

byte tst[2] = PEND, tlease[2], marker[2];
byte alease[2], cnt[2], aday[2];
#if ROWS == 4
byte rst[4] = {1,0,1,1};
#else
byte rst[4] = {1,0,1,0};
#endif
byte rseg[4];               /* 0 not committed, 1 pending, 2 exported */
byte sst[NS+1], sacc[NS+1], sday[NS+1], scnt[NS+1], stask[NS+1], rec[NS+1], fil[NS+1], man[NS+1];
byte nseg, day = 1, ver, crawl_open = 1;
bool valid[2], avalid[2], seen[2];
byte wt[2], wacc[2];
/* Writers are the workers 0 and 1 and the rebuilds 2 and 3. */
byte pseg[4], came[4];                /* the segment of its part file; who came later is higher */
bool pex[4], pmx[4];                  /* its part file, its manifest's part file exist */
byte rtask[4];                        /* the task whose token a rebuild raised, from 1; 0: none */
bool tnew[4], rnew[4];                /* a rebuild's task token and its rebuild token are the newest */
byte rebuilds = REBUILDS, losses = LOSSES, joins = JOINS;
bool late[2];                         /* a request joined since this worker read the number of joins */
bool joiner;                          /* a row of the joiner is still to come */
bool gone[NS+1];                      /* its file is lost, until a rebuild has sealed it again */
byte crashes = CRASHES, freezes = FREEZES, lost = LOST, turns = TURNS, ops = OPS, refr = REFRESH;

#define N(s)     ((rseg[0]==s)+(rseg[1]==s)+(rseg[2]==s)+(rseg[3]==s))
#define MASK(s)  ((rseg[0]==s)+2*(rseg[1]==s)+4*(rseg[2]==s)+8*(rseg[3]==s))
#define SHOWN(mask) (128 + (mask) + 16*(ver && ((mask)&1)))
#define ROW(i)   ((rst[i]==2)==(rseg[i]!=0))
#define SEG(s)   (sst[s]==0 || (scnt[s]==N(s) && \
                  (sst[s]!=SEALED || gone[s] || (rec[s]==fil[s] && rec[s]==man[s] && (fil[s]&15)==MASK(s)))))
#define USED(a,d) ( (sst[1]!=0 && sacc[1]==a && sday[1]==d)*scnt[1] \
                  + (sst[2]!=0 && sacc[2]==a && sday[2]==d)*scnt[2] \
                  + (sst[3]!=0 && sacc[3]==a && sday[3]==d)*scnt[3] \
                  + (sst[4]!=0 && sacc[4]==a && sday[4]==d)*scnt[4] \
                  + (sst[5]!=0 && sacc[5]==a && sday[5]==d)*scnt[5] \
                  + (sst[6]!=0 && sacc[6]==a && sday[6]==d)*scnt[6] )
#define ACC(a)   (cnt[a]<=QUOTA && USED(a,1)<=QUOTA && USED(a,2)<=QUOTA && (aday[a]==0 || cnt[a]>=USED(a,aday[a])))
#define PENDING  (rst[0]==1 || rst[1]==1 || rst[2]==1 || rst[3]==1)
#define CHECK    assert(ROW(0)&&ROW(1)&&ROW(2)&&ROW(3)); \
                 assert(SEG(1)&&SEG(2)&&SEG(3)&&SEG(4)&&SEG(5)&&SEG(6)); \
                 assert(ACC(0)&&ACC(1)); \
                 assert(!MANI_FIRST || man[1]==0 || fil[1]!=0)
#ifdef CHECK_READERS
#define MANI_FIRST 1   /* a manifest never stands without its file */
#else
#define MANI_FIRST 0
#endif
/* Dying before a step is the same as dying after the last step that others can see. */
#define CRASH_HERE if :: crashes>0 -> crashes--; goto crash :: true fi
#ifdef STRICT
#define FENCED(x) assert(x)    /* invariant 4: a stale worker's write changes nothing */
#else
#define FENCED(x) skip         /* only what it leads to */
#endif

#define LEFT(a)      ((aday[a]==day) -> (QUOTA-cnt[a]) : ((aday[a]<day) -> QUOTA : 0))
#define CLAIMABLE(t) ((tst[t]==PEND && tlease[t]!=LIVE) || (tst[t]==INPR && tlease[t]==OVER))
#ifdef BLIND                   /* the local clock stood still: the holder's deadline never passes */
#define MINE(w,t)    true
#define MINE_A(w,a)  true
#else
#define MINE(w,t)    (valid[w] && tlease[t]==LIVE)
#define MINE_A(w,a)  (avalid[w] && alease[a]==LIVE)
#endif

#ifdef NO_ADV_TOKEN
#define G_ADV_TOKEN true
#else
#define G_ADV_TOKEN valid[w]
#endif
#ifdef NO_ADV_STATUS
#define G_ADV_STATUS true
#else
#define G_ADV_STATUS (tst[t]==INPR)
#endif
#ifdef NO_SPEND_TOKEN
#define G_SPEND_TOKEN true
#else
#define G_SPEND_TOKEN (avalid[w] && alease[a]!=NONE)
#endif
#ifdef NO_SPEND_LIMIT
#define G_SPEND_LIMIT true
#else
#ifdef NO_DAY_FORWARD          /* quota_day<>day instead of quota_day<day */
#define G_SPEND_LIMIT (aday[a]!=d || cnt[a]+n<=QUOTA)
#else
#define G_SPEND_LIMIT ((aday[a]==d && cnt[a]+n<=QUOTA) || (aday[a]<d && n<=QUOTA))
#endif
#endif
#ifdef NO_MARK_STATUS
#define G_MARK true
#else
#define G_MARK (n == ((sel&1)&&rst[0]==1)+((sel&2)&&rst[1]==1)+((sel&4)&&rst[2]==1)+((sel&8)&&rst[3]==1))
#endif
#ifdef NO_GROW_OPEN
#define G_GROW true
#else
#define G_GROW (cur==0 || sst[cur]==OPEN)
#endif
#ifdef NO_SEAL_TOKEN
#define G_SEAL_TOKEN true
#else
#define G_SEAL_TOKEN valid[w]
#endif
#ifdef NO_SEAL_OPEN
#define G_SEAL_OPEN true
#else
#define G_SEAL_OPEN (sst[s]==OPEN)
#endif
#ifdef NO_ASK                  /* the database is not asked; the local deadline decides */
#define ASKED(w) true
#define ASKED_R(r) true
#else
#define ASKED(w) valid[w]
#define ASKED_R(r) (rnew[r] && (rtask[r]==0 || tnew[r]))
#endif
#ifdef NO_REQUIRE              /* nothing is required between the part file and the rename */
#define REQUIRED(w,t) true
#define REQUIRED_R(r) true
#else
#define REQUIRED(w,t) (MINE(w,t) && ASKED(w))
#define REQUIRED_R(r) ASKED_R(r)
#endif
#ifdef NO_REBUILD_TOKEN        /* a sealed segment's rebuilds all count as the newest */
#define G_REBUILD true
#else
#define G_REBUILD rnew[r]
#endif
#ifdef NO_FINISH_TOKEN
#define G_FINISH_TOKEN true
#else
#define G_FINISH_TOKEN valid[w]
#endif
#ifdef NO_JOINS                /* completed whoever joined meanwhile */
#define G_JOINS true
#else
#define G_JOINS (!late[w])
#endif
#ifdef NO_PUT_BACK_TOKEN
#define G_PUT_BACK true
#else
#define G_PUT_BACK valid[w]
#endif
#ifdef NO_TAKE_TOKEN
#define G_TAKE_TOKEN true
#else
#define G_TAKE_TOKEN seen[w]
#endif
#ifdef NO_TAKE_CLAIMABLE
#define G_TAKE_CLAIMABLE true
#else
#define G_TAKE_CLAIMABLE CLAIMABLE(t)
#endif

inline new_token(tt) {          /* every token handed out for the task is stale now */
    valid[0] = valid[0] && wt[0]!=tt+1; valid[1] = valid[1] && wt[1]!=tt+1;
    seen[0] = false; seen[1] = false;
    tnew[2] = tnew[2] && rtask[2]!=tt+1; tnew[3] = tnew[3] && rtask[3]!=tt+1
}
inline leaves(x) {              /* ranks stay 1, 2, ... so that equal worlds are equal states */
    if
    :: came[x]!=0 ->
        if :: came[0]>came[x] -> came[0]-- :: else fi; if :: came[1]>came[x] -> came[1]-- :: else fi;
        if :: came[2]>came[x] -> came[2]-- :: else fi; if :: came[3]>came[x] -> came[3]-- :: else fi;
        came[x] = 0
    :: else
    fi
}
inline comes(x) {
    leaves(x);
    came[x] = 1+(came[0]!=0)+(came[1]!=0)+(came[2]!=0)+(came[3]!=0)
}
inline removes(x, y, sg) {      /* the part file of y, if y came before x */
    if :: x!=y && pseg[y]==sg && came[y]<came[x] -> pex[y] = false; pmx[y] = false :: else fi
}
inline new_account_token(aa) {
    avalid[0] = avalid[0] && wacc[0]!=aa+1; avalid[1] = avalid[1] && wacc[1]!=aa+1
}
inline take() {
    new_token(t); tst[t] = INPR; tlease[t] = LIVE; wt[w] = t+1; valid[w] = true; comes(w)
}
inline pick(after) {          /* the lowest BATCH pending rows behind `after` */
    sel = 0; n = 0; hi = 0;
    if :: rst[0]==1 && after<1 && n<lim -> sel = sel|1; n++; hi = 1 :: else fi;
    if :: rst[1]==1 && after<2 && n<lim -> sel = sel|2; n++; hi = 2 :: else fi;
    if :: rst[2]==1 && after<3 && n<lim -> sel = sel|4; n++; hi = 3 :: else fi;
    if :: rst[3]==1 && after<4 && n<lim -> sel = sel|8; n++; hi = 4 :: else fi;
    got = SHOWN(sel)
}
inline write_batch() {
    if
    :: !G_GROW || nseg==NS -> why = LEASE_LOST
    :: else -> if
      :: !G_MARK -> why = AGAIN
      :: else -> if
        :: !(G_SPEND_TOKEN) -> why = LEASE_LOST
        :: else -> if
          :: !(G_SPEND_LIMIT) -> why = QUOTA_USED
          :: else -> if
            :: !(G_ADV_TOKEN) -> why = LEASE_LOST
            :: else -> if
              :: !(G_ADV_STATUS) -> why = HALTED
              :: else -> why = OK
              fi
            fi
          fi
        fi
      fi
    fi;
    if
    :: why==OK && lost>0 -> lost--; why = UNKNOWN       /* rolled back, nobody knows */
    :: why==OK && lost>0 -> lost--; apply(); why = UNKNOWN
    :: why==OK -> apply(); CRASH_HERE
    :: why!=OK
    fi
}
inline apply() {
    FENCED(valid[w] && avalid[w] && tst[t]==INPR);
    if :: cur==0 -> nseg++; cur = nseg; sst[cur] = OPEN; sacc[cur] = a; sday[cur] = d; stask[cur] = t
       :: else fi;
    scnt[cur] = scnt[cur]+n;
    if :: sel&1 -> rst[0] = 2; rseg[0] = cur :: else fi;
    if :: sel&2 -> rst[1] = 2; rseg[1] = cur :: else fi;
    if :: sel&4 -> rst[2] = 2; rseg[2] = cur :: else fi;
    if :: sel&8 -> rst[3] = 2; rseg[3] = cur :: else fi;
    cnt[a] = ((aday[a]==d) -> cnt[a]+n : n); aday[a] = d;
    if :: hi>m -> m = hi :: else fi;
    marker[t] = m;
    CHECK
}
/* A part file: the question, then (another step) remove older ones and create mine. */
inline open_part(sg) {
    if :: MINE(w,t) && ASKED(w) :: else -> goto lease_lost fi;
    atomic {
#ifndef NO_STALE_PARTS
        removes(w, 1-w, sg); removes(w, 2, sg); removes(w, 3, sg);
#endif
        pex[w] = true; pmx[w] = false; pseg[w] = sg; cont = 128; CRASH_HERE
    }
}
inline publish(s) {
    pmx[w] = true;
    if :: REQUIRED(w,t) :: else -> goto lease_lost fi;
#ifdef MANIFEST_FIRST
    atomic { if :: pmx[w] -> pmx[w] = false; man[s] = cont; CHECK; CRASH_HERE :: else -> goto lease_lost fi };
#endif
    atomic { if :: pex[w] -> pex[w] = false; fil[s] = cont; CHECK; CRASH_HERE :: else -> goto lease_lost fi };
#ifndef MANIFEST_FIRST
    atomic { if :: pmx[w] -> pmx[w] = false; man[s] = cont; CHECK; CRASH_HERE :: else -> goto lease_lost fi };
#endif
    atomic {
        if
        :: !(G_SEAL_TOKEN) || !(G_SEAL_OPEN) -> goto lease_lost
        :: else -> if
          :: lost>0 -> lost--; goto unknown
          :: lost>0 -> lost--; sst[s] = SEALED; rec[s] = cont; CHECK; goto unknown
          :: FENCED(valid[w]); sst[s] = SEALED; rec[s] = cont; CHECK; CRASH_HERE
          fi
        fi
    }
}
inline seal_current() {
    if :: cur!=0 && writer -> writer = false; last = cur; cur = 0; publish(last); last = 0; cont = 0; rows = 0 :: else -> skip fi
}
inline give_back() {
    atomic { if :: wacc[w]!=0 -> if :: avalid[w] && alease[wacc[w]-1]!=NONE -> alease[wacc[w]-1] = NONE
                                    :: else fi; wacc[w] = 0; avalid[w] = false; CRASH_HERE
                :: else fi }
}
inline put_back() {
    atomic { if :: G_PUT_BACK -> FENCED(valid[w]); if :: tst[t]==INPR -> tst[t] = PEND :: else fi; tlease[t] = NONE
                :: else fi; wt[w] = 0; valid[w] = false }
}
inline forget() {
    wt[w] = 0; valid[w] = false; wacc[w] = 0; avalid[w] = false; seen[w] = false; late[w] = false;
    pex[w] = false; pmx[w] = false; pseg[w] = 0; leaves(w);
    cur = 0; writer = false; cont = 0; m = 0; left = 0; d = 0; n = 0; sel = 0; hi = 0; got = 0;
    a = 0; why = 0; last = 0; lim = 0; after0 = 0; t = 0; rows = 0
}

active [WORKERS] proctype Worker() {
    byte w = _pid, t, cur, m, left, d, n, sel, hi, got, cont, a, why, last, lim, after0, rows;
    bool writer;
 start:
    {   seen[w] = false;
 end_idle:
#ifndef UNLOCKED
        atomic {
            if :: CLAIMABLE(0) -> t = 0
#if LANES > 1
               :: CLAIMABLE(1) -> t = 1
#endif
            fi;
            take(); m = marker[t]; CRASH_HERE
        };
#else                           /* the row lock of SELECT ... FOR UPDATE does not hold */
        atomic {
            if :: CLAIMABLE(0) -> t = 0
#if LANES > 1
               :: CLAIMABLE(1) -> t = 1
#endif
            fi;
            seen[w] = true; m = marker[t]
        };
        atomic { if :: G_TAKE_TOKEN && G_TAKE_CLAIMABLE -> assert(tst[t]==PEND || tst[t]==INPR); take(); CRASH_HERE
                    :: else -> seen[w] = false; goto end_idle fi };
#endif
        /* what an earlier holder left open is rendered from the rows and sealed */
        do
        :: atomic { sst[1]==OPEN && stask[1]==t -> last = 1 } -> goto leftover
        :: atomic { sst[2]==OPEN && stask[2]==t -> last = 2 } -> goto leftover
        :: atomic { sst[3]==OPEN && stask[3]==t -> last = 3 } -> goto leftover
        :: atomic { sst[4]==OPEN && stask[4]==t -> last = 4 } -> goto leftover
        :: atomic { sst[5]==OPEN && stask[5]==t -> last = 5 } -> goto leftover
        :: else -> break
 leftover:  open_part(last);
            if :: MINE(w,t) && ASKED(w) -> cont = SHOWN(MASK(last)) :: else -> goto lease_lost fi;
            publish(last); last = 0; cont = 0
        od;
 next_account: d = 0; a = 0; left = 0; rows = 0;
        if :: PENDING :: else -> goto no_rows fi;
        atomic {
            if :: alease[0]==NONE && LEFT(0)>0 -> a = 0
#if ACCOUNTS > 1
               :: alease[1]==NONE && LEFT(1)>0 && !(alease[0]==NONE && LEFT(0)>0) -> a = 1
#endif
               :: else -> goto no_account
            fi;
            new_account_token(a); alease[a] = LIVE; wacc[w] = a+1; avalid[w] = true; CRASH_HERE
        };
        atomic { d = day; left = LEFT(a); rows = 0 };
 drain:
#ifndef NO_DAY_TURN
        if :: day!=d -> seal_current(); give_back(); goto next_account :: else fi;
#endif
        if :: left==0 -> seal_current(); give_back(); goto next_account :: else fi;
        if :: MINE(w,t) && MINE_A(w,a) :: else -> goto lease_lost fi;
        lim = ((left<BATCH) -> left : BATCH);
        after0 = m;
 batch:
#ifndef UNLOCKED
        atomic { pick(after0); if :: n==0 -> why = EMPTY :: else -> write_batch() fi };
#else
        atomic { pick(after0) };
        atomic { if :: n==0 -> why = EMPTY :: else -> write_batch() fi };
#endif
        if
        :: why==OK -> skip
        :: why==AGAIN -> goto batch
#ifndef NO_SWEEP
        :: why==EMPTY && after0>0 -> after0 = 0; goto batch
        :: why==EMPTY && after0==0 -> lim = 0; goto wait_rows
#else
        :: why==EMPTY -> goto wait_rows
#endif
        :: why==QUOTA_USED -> sel = 0; n = 0; hi = 0; got = 0; lim = 0; after0 = 0; why = 0; left = LEFT(a); goto drain
        :: why==LEASE_LOST -> goto lease_lost
        :: why==UNKNOWN -> goto unknown
        :: why==HALTED -> sel = 0; n = 0; hi = 0; got = 0; lim = 0; after0 = 0; why = 0; seal_current(); give_back(); put_back(); goto over
        fi;
        left = left-n; sel = 0; hi = 0; lim = 0; after0 = 0;
        if :: !writer -> open_part(cur); writer = true; rows = 0 :: else fi;
        cont = cont|got; rows = rows+n; n = 0; got = 0;
        if :: rows>=FR -> seal_current() :: else fi;
        goto drain;
 wait_rows:                     /* the account goes back while the file is held open */
        if :: PENDING -> left = QUOTA; goto drain :: else fi;
        give_back();
        if
        :: atomic { PENDING && alease[a]==NONE && LEFT(a)>0 ->
              new_account_token(a); alease[a] = LIVE; wacc[w] = a+1; avalid[w] = true; left = QUOTA };
           goto drain
        :: seal_current()
        fi;
 no_rows: d = 0; a = 0; left = 0;
#if JOINS > 0 && !defined(JOINS_READ_LAST)
        late[w] = false;        /* the number of joins is read */
#endif
        if :: crawl_open -> put_back(); goto over :: else fi;
#ifndef NO_LAST_LOOK
        if :: PENDING -> put_back(); goto over :: else fi;
#endif
#if JOINS > 0 && defined(JOINS_READ_LAST)
        late[w] = false;
#endif
        atomic {
            if :: G_FINISH_TOKEN && tst[t]==INPR && G_JOINS ->
                    FENCED(valid[w]); tst[t] = DONE; tlease[t] = NONE; wt[w] = 0; valid[w] = false;
#if LANES == 1
                    assert(!crawl_open && !PENDING);
                    assert(sst[1]!=OPEN && sst[2]!=OPEN && sst[3]!=OPEN && sst[4]!=OPEN && sst[5]!=OPEN)
#endif
               :: else -> goto halted
            fi
        };
        goto over;
 no_account:
 halted:
        put_back();
        goto over;
 lease_lost:
        give_back();            /* with its token: a no-op when it is lost as well */
 unknown:                       /* never guessed at: both leases run out by themselves */
 over:  atomic { forget() }
    };
    goto start;
 crash: atomic { forget() };
    goto start
}

#define ATTENDED(t)  ((wt[0]==t+1 && valid[0]) || (wt[1]==t+1 && valid[1]))
#define ATTENDED_A(a) ((wacc[0]==a+1 && avalid[0]) || (wacc[1]==a+1 && avalid[1]))

inline freeze(v) {              /* v stands still: its leases run out, the task's, the account's or both */
    if
    :: valid[v] && tlease[wt[v]-1]==LIVE -> tlease[wt[v]-1] = OVER
    :: wacc[v]!=0 && avalid[v] && alease[wacc[v]-1]==LIVE -> alease[wacc[v]-1] = OVER
    :: wacc[v]!=0 && avalid[v] && alease[wacc[v]-1]==LIVE && valid[v] && tlease[wt[v]-1]==LIVE ->
         alease[wacc[v]-1] = OVER; tlease[wt[v]-1] = OVER
    :: true
    fi
}

#if REBUILDS > 0
inline token_of_rebuild(sg) {   /* one transaction: the task's token if it is open, and its own */
    s = sg; rebuilds--;
    if
    :: sst[s]==OPEN -> new_token(stask[s]); rtask[r] = stask[s]+1; tnew[r] = true; tlease[stask[s]] = NONE;
         if :: tst[stask[s]]==INPR -> tst[stask[s]] = PEND :: else fi
    :: else -> rtask[r] = 0; tnew[r] = false
    fi;
    if :: pseg[5-r]==s -> rnew[5-r] = false :: else fi;
    rnew[r] = true; pseg[r] = s; comes(r)
}
#define FREE(sg) (sst[sg]==SEALED || (sst[sg]==OPEN && tlease[stask[sg]]!=LIVE))
active [2] proctype Rebuild() {
    byte r = _pid-WORKERS+2, s, cont;
 end_idle:
    atomic {
        if
        :: rebuilds>0 && FREE(1) -> token_of_rebuild(1)
        :: rebuilds>0 && FREE(2) -> token_of_rebuild(2)
        fi
    };
    if :: ASKED_R(r) :: else -> goto over fi;
    atomic {
#ifndef NO_STALE_PARTS
        removes(r, 0, s); removes(r, 1, s); removes(r, 5-r, s);
#endif
        pex[r] = true; pmx[r] = false
    };
    if :: ASKED_R(r) -> cont = SHOWN(MASK(s)) :: else -> goto over fi;
    pmx[r] = true;
    if :: REQUIRED_R(r) :: else -> goto over fi;
    /* A file with other content is kept: only what is lost, or never was, is written. */
    if :: sst[s]==SEALED && fil[s]!=0 && cont!=rec[s] -> goto over :: else fi;
    atomic { if :: pex[r] -> pex[r] = false; fil[s] = cont; CHECK :: else -> goto over fi };
    atomic { if :: pmx[r] -> pmx[r] = false; man[s] = cont; CHECK :: else -> goto over fi };
    atomic {
        if
        :: G_REBUILD && (rtask[r]==0 || tnew[r]) -> sst[s] = SEALED; rec[s] = cont;
             if :: man[s]!=0 && fil[s]!=0 -> gone[s] = false :: else fi; CHECK
        :: else
        fi
    };
 over:
    atomic { leaves(r); pex[r] = false; pmx[r] = false; pseg[r] = 0; rtask[r] = 0; tnew[r] = false;
             rnew[r] = false; s = 0; cont = 0 };
    goto end_idle
}
#endif

active proctype World() {
 end:
    do
    :: atomic { losses>0 && sst[1]==SEALED && fil[1]!=0 -> losses--; fil[1] = 0; man[1] = 0; gone[1] = true }
    :: atomic { freezes>0 && wt[0]!=0 -> freezes--; freeze(0) }
    :: atomic { freezes>0 && wt[1]!=0 -> freezes--; freeze(1) }
    :: atomic { tlease[0]==LIVE && !ATTENDED(0) -> tlease[0] = OVER }
    :: atomic { tst[0]==INPR && tlease[0]==OVER -> new_token(0); tst[0] = PEND; tlease[0] = NONE }
    :: atomic { alease[0]==LIVE && !ATTENDED_A(0) -> alease[0] = OVER }
    :: atomic { alease[0]==OVER -> new_account_token(0); alease[0] = NONE }
#if ACCOUNTS > 1
    :: atomic { alease[1]==LIVE && !ATTENDED_A(1) -> alease[1] = OVER }
    :: atomic { alease[1]==OVER -> new_account_token(1); alease[1] = NONE }
#endif
#if LANES > 1
    :: atomic { tlease[1]==LIVE && !ATTENDED(1) -> tlease[1] = OVER }
    :: atomic { tst[1]==INPR && tlease[1]==OVER -> new_token(1); tst[1] = PEND; tlease[1] = NONE }
#endif
    :: atomic { turns>0 -> turns--; day++ }
    :: atomic { rst[LATE]==0 -> rst[LATE] = 1 }
    :: atomic { rst[LATE]!=0 && !joiner && crawl_open -> crawl_open = 0 }
#if JOINS > 0
    :: atomic { joins>0 && tst[0]!=DONE && tst[0]!=FAIL ->
         joins--; late[0] = true; late[1] = true; crawl_open = 1; joiner = true }
    :: atomic { joiner && rst[3]==0 -> rst[3] = 1; joiner = false }
#endif
    :: atomic { refr>0 -> refr--; ver = 1 }
    :: atomic { ops>0 && LEFT(0)>0 -> ops--; cnt[0] = QUOTA+1-LEFT(0); aday[0] = day }   /* update_export_count */
    :: atomic { ops>0 && (tst[0]==PEND || tst[0]==INPR) -> ops--; tst[0] = PAUS }
    :: atomic { ops>0 && (tst[0]==PEND || tst[0]==INPR) -> ops--; tst[0] = FAIL }
    :: atomic { tst[0]==PAUS || tst[0]==FAIL -> tst[0] = PEND }
    od
}

#ifdef LIVENESS
ltl ends { <> (tst[0]==DONE) }   /* nothing fails any more once the budgets are spent */
#endif
