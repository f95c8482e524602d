#!/usr/bin/env bash
# A real Slurm with sshd on the loopback interface, made for one test program and gone with it. Run as root.
#   slurm.sh start FOLDER OWNER_PID   prints "ready"; FOLDER is new and its path short (unix sockets)
#   slurm.sh purge FOLDER             ends every process of it and removes the folder
#   slurm.sh kill-node FOLDER NODE    as a power failure: slurmd and its jobs' processes are killed (nodes: n1, n2)
#   slurm.sh start-node FOLDER NODE
#   slurm.sh kill-job FOLDER JOB      the processes of a job are killed past Slurm
# The home folder there is FOLDER/home: what the account runs at its logins is not of the test.
# FOLDER/ssh_config holds the host alias "loop". When OWNER_PID ends, the cluster purges itself.
set -euo pipefail
command=${1:?start, purge, kill-node, start-node or kill-job}
root=${2:?a folder}
export PATH=/usr/sbin:/usr/bin:/sbin:/bin SLURM_CONF=$root/etc/slurm.conf
for name in "${!SLURM_@}"; do [ "$name" = SLURM_CONF ] || unset "$name"; done

fail() { echo "slurm.sh: $*" >&2; exit 1; }

# Daemons, ssh sessions and jobs carry the folder in their environment; nothing else does.
processes() { # with an environment that holds all the given words
  local files word
  mapfile -t files < <(grep -lszxF "SENSORIUM_TEST_CLUSTER=$root" /proc/[0-9]*/environ)
  for word in "$@"; do mapfile -t files < <(grep -lszxF "$word" /dev/null "${files[@]}"); done
  printf '%s\n' "${files[@]}" | tr -dc '0-9\n'
  [ $# != 0 ] || cat "$root/sshd.pid" 2>/dev/null || true # sshd overwrites its environment
}

# Waits for a condition, not for a time: the limit is only for machines that are broken.
wait_until() {
  local what=$1 i; shift
  for ((i = 0; i < 1200; i++)); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done
  tail -n 5 "$root"/log/* >&2 || true
  fail "$what did not come about in 60 s"
}

free_ports() {
  python3 - "$1" <<'PY'
import random, socket, sys
held, ports = [], []
while len(ports) < int(sys.argv[1]):
    port = random.randrange(10000, 32000)  # below the range of outgoing connections
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
    except OSError:
        continue
    held.append(s)
    ports.append(port)
print(*ports)
PY
}

write_configuration() {
  local host; host=$(hostname -s)
  read -r ssh_port ctld_port n1_port n2_port <<<"$(free_ports 4)"
  cat >"$root/etc/slurm.conf" <<X
ClusterName=loop
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$root/munge.sock,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/spool/%n
SlurmctldPidFile=$root/slurmctld.pid
SlurmdPidFile=$root/%n.pid
SlurmctldLogFile=$root/log/slurmctld
SlurmdLogFile=$root/log/%n
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
MinJobAge=${SENSORIUM_TEST_MIN_JOB_AGE:-300}
MaxArraySize=1001
SlurmctldTimeout=30
SlurmdTimeout=${SENSORIUM_TEST_SLURMD_TIMEOUT:-120}
AccountingStorageType=accounting_storage/none
AccountingStoreFlags=job_comment
JobCompType=jobcomp/none
GresTypes=gpu
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$n1_port CPUs=8 CoresPerSocket=8 RealMemory=16384 Gres=gpu:2 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$n2_port CPUs=8 CoresPerSocket=8 RealMemory=16384 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=2-00:00:00 State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=20 PreemptMode=OFF
PartitionName=scavenge Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=5
X
  printf "Name=gpu File=/dev/%s\n" null zero >"$root/etc/gres.conf" # any two devices do
  : >"$root/etc/cgroup.conf"
  cat >"$root/etc/sshd_config" <<X
ListenAddress 127.0.0.1
Port $ssh_port
HostKey $root/etc/host_key
PidFile $root/sshd.pid
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
AuthorizedKeysFile $root/etc/authorized_keys
StrictModes no
PermitRootLogin yes
PrintMotd no
X11Forwarding no
Subsystem sftp internal-sftp
SetEnv HOME=$root/home SLURM_CONF=$SLURM_CONF SENSORIUM_TEST_CLUSTER=$root
MaxSessions 50
MaxStartups 100
X
  echo "[127.0.0.1]:$ssh_port $(cut -d' ' -f1,2 "$root/etc/host_key.pub")" >"$root/known_hosts"
  cat >"$root/ssh_config" <<X
Host loop
  HostName 127.0.0.1
  Port $ssh_port
  User root
  IdentityFile $root/etc/user_key
  IdentitiesOnly yes
  UserKnownHostsFile $root/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
X
}

node_up() { [ "$(sinfo -h -N -n "$1" -p main -t idle,mix,alloc -o %N)" = "$1" ]; }
start_node() { mkdir -p "$root/spool/$1"; SENSORIUM_TEST_CLUSTER=$root slurmd -N "$1" </dev/null >>"$root/log/$1" 2>&1; }

start_daemons() {
  export SENSORIUM_TEST_CLUSTER=$root
  munged --key-file="$root/etc/munge.key" --socket="$root/munge.sock" --pid-file="$root/munged.pid" \
    --log-file="$root/log/munged" --seed-file="$root/etc/munge.seed" --num-threads=2 </dev/null >>"$root/log/munged" 2>&1 &&
    slurmctld -i </dev/null >>"$root/log/slurmctld" 2>&1 && start_node n1 && start_node n2 &&
    /usr/sbin/sshd -f "$root/etc/sshd_config" -E "$root/log/sshd" </dev/null >>"$root/log/sshd" 2>&1
  local ok=$?
  unset SENSORIUM_TEST_CLUSTER
  return $ok
}

stop_all() {
  local i p
  for ((i = 0; i < 200; i++)); do
    p=$(processes | sort -u | grep -vx "$$" || true)
    [ -n "$p" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $p 2>/dev/null || true
    rm -f "$root/sshd.pid"
    sleep 0.05
  done
}

case $command in
  start)
    owner=${3:?the process that owns the cluster}
    [ "$(id -u)" = 0 ] || fail "must run as root (slurmd switches users)"
    for program in munged slurmctld slurmd sshd sbatch ssh ssh-keygen rsync python3 flock; do
      command -v $program >/dev/null || fail "'$program' is not installed: run scripts/setup --cluster-tests"
    done
    [ ! -e "$root" ] || fail "$root is there already"
    mkdir -p "$root"/{etc,log,state,spool,home} /run/sshd
    (umask 077; head -c 128 /dev/urandom >"$root/etc/munge.key")
    ssh-keygen -q -t ed25519 -N '' -C test -f "$root/etc/host_key"
    ssh-keygen -q -t ed25519 -N '' -C test -f "$root/etc/user_key"
    cp "$root/etc/user_key.pub" "$root/etc/authorized_keys"
    chmod 600 "$root/etc/authorized_keys"
    # Another program may take a port between the choice and the start: then choose again.
    for attempt in 1 2 3 4 5; do
      write_configuration
      if start_daemons; then break; fi
      stop_all
      [ $attempt != 5 ] || { tail -n 5 "$root"/log/* >&2; fail "the daemons do not start"; }
    done
    wait_until "node n1" node_up n1
    wait_until "node n2" node_up n2
    wait_until "ssh" ssh -F "$root/ssh_config" -o BatchMode=yes loop true
    setsid "$0" watch "$root" "$owner" </dev/null >/dev/null 2>&1 &
    echo ready
    ;;
  watch)
    while kill -0 "${3:?}" 2>/dev/null && [ -d "$root/etc" ]; do sleep 1; done
    [ ! -d "$root/etc" ] || exec "$0" purge "$root"
    ;;
  purge)
    [ -f "$root/etc/slurm.conf" ] || { [ ! -e "$root" ] || fail "$root is no test cluster"; exit 0; }
    stop_all
    rm -rf -- "$root"
    ;;
  kill-node)
    node=${3:?}
    jobs=$(processes "SLURMD_NODENAME=$node")
    steps= # Slurm's own process above each job would live to tell of its end
    for p in $jobs; do
      above=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$p/status" 2>/dev/null || true)
      case $(cat "/proc/${above:-0}/comm" 2>/dev/null || true) in slurmstepd*) steps="$steps $above" ;; esac
    done
    # shellcheck disable=SC2046,SC2086
    kill -KILL $(cat "$root/$node.pid") $steps $jobs 2>/dev/null || true
    ;;
  kill-job)
    # shellcheck disable=SC2046
    kill -KILL $(processes "SLURM_JOB_ID=${3:?}") 2>/dev/null || true
    ;;
  start-node) start_node "${3:?}" ;;
  *) fail "unknown command '$command'" ;;
esac
