# shellcheck shell=bash
# What bin/setup, bin/up, bin/test and bin/manage share. Sourced, never run.

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd -P)
program=bin/$(basename "$0")
local_dir=$root/.local
venv=$local_dir/venv
env_file=$local_dir/env
state_dir=$local_dir/state
# shellcheck disable=SC2034  # used by the scripts that source this
log_dir=$local_dir/log
cluster=$local_dir/cluster # a directory, or a link to one outside the clone
data_dir=$cluster/data

# Caches of the tools and of compiled loops stay out of the source tree.
export RUFF_CACHE_DIR=$local_dir/cache/ruff MYPY_CACHE_DIR=$local_dir/cache/mypy
export NUMBA_CACHE_DIR=$local_dir/cache/numba

# Progress goes to stderr, so that stdout carries results only (`--json`).
say() { printf '%s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "$program" "$1" >&2
  (($# > 1)) && printf '  %s\n' "${@:2}" >&2
  exit 1
}

# A half-made .local of another user would fail later and less clearly.
check_owner() {
  local owner
  [[ -e $local_dir ]] || return 0
  owner=$(stat -c %U "$local_dir")
  [[ $owner == "$(id -un)" ]] ||
    die "this installation belongs to the user '$owner'." \
      "Run the command as that user, for instance: sudo -u $owner $program"
}

# Others may pass through (the database's user has to), but not look around.
make_local_dir() {
  [[ -d $local_dir ]] || mkdir -m 711 "$local_dir"
}

# --- the private PostgreSQL cluster ------------------------------------------

# Tells clones on one machine apart.
cluster_id() {
  local name
  name=$(basename "$root" | LC_ALL=C tr -c 'A-Za-z0-9\n' - | cut -c1-20)
  printf '%s-%s\n' "$name" "$(printf %s "$root" | sha256sum | cut -c1-12)"
}

# Where things go that cannot lie in the clone.
outside_dir() {
  if ((EUID == 0)); then
    printf '/var/lib/kukar-connect/%s\n' "$(cluster_id)"
  else
    printf '%s/.local/state/kukar-connect/%s\n' "${HOME:?}" "$(cluster_id)"
  fi
}

# The kernel takes 107 bytes for a socket's path; and a path of plain characters needs
# no quoting, whether in postgresql.conf, in an address or in a shell.
socket_fits() {
  local LC_ALL=C path=$1/.s.PGSQL.5432
  ((${#path} <= 107)) && [[ $path =~ ^[A-Za-z0-9/._@-]+$ ]]
}

socket_dir() {
  local dir
  dir=$(readlink -f "$cluster")/run
  socket_fits "$dir" || dir=$(outside_dir)/run
  socket_fits "$dir" || die "the path $dir is too long for a database socket."
  printf '%s\n' "$dir"
}

# PostgreSQL refuses to run as root.
cluster_owner() {
  if [[ -d $data_dir ]]; then
    stat -Lc %U "$data_dir"
  elif ((EUID == 0)); then
    printf 'postgres\n'
  else
    id -un
  fi
}

# From /, because the owner may not be allowed to stand in our directory. The locks stay
# behind: a server that inherited them would hold them for ever.
as_cluster_owner() (
  cd /
  exec 7>&- 8>&- 9>&-
  if [[ $(id -un) == "$(cluster_owner)" ]]; then
    exec "$@"
  fi
  exec runuser -u "$(cluster_owner)" -- "$@"
)

pg() {
  printf '/usr/lib/postgresql/%s/bin/%s\n' "$(<"$data_dir/PG_VERSION")" "$1"
}

# A pid file alone proves nothing after a crash or a reboot: the number may be another
# process by now. The server's working directory is its data directory.
postmaster_pid() {
  local pid
  [[ -f $data_dir/postmaster.pid ]] || return 1
  read -r pid <"$data_dir/postmaster.pid" || return 1
  [[ $(readlink "/proc/$pid/cwd") == "$(readlink -f "$data_dir")" ]] || return 1
  printf '%s\n' "$pid"
}

cluster_is_up() {
  postmaster_pid >/dev/null && "$(pg pg_isready)" -q -h "$(socket_dir)" -p 5432 \
    -U kukar -d kukar # a known name, or the server's log fills with refusals
}

make_socket_dir() {
  local dir=$1
  mkdir -p "$dir"
  chmod 700 "$dir"
  ((EUID)) || chown "$(cluster_owner):" "$dir"
}

# Written anew at every start: the clone may have moved, the machine may have grown.
write_cluster_settings() {
  local memory_mb buffers_mb
  memory_mb=$(($(awk '/^MemTotal:/ {print $2}' /proc/meminfo) / 1024))
  buffers_mb=$((memory_mb / 16))
  ((buffers_mb < 256)) || buffers_mb=256
  ((buffers_mb > 32)) || buffers_mb=32
  cat >"$data_dir/kukar.conf" <<EOF
# Written by bin/setup at every start. Your own settings: postgresql.auto.conf,
# through ALTER SYSTEM.
listen_addresses = ''
port = 5432
unix_socket_directories = '$(socket_dir)'
max_connections = 200
shared_buffers = ${buffers_mb}MB
effective_cache_size = $((memory_mb / 2))MB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
jit = off
wal_compression = on
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_min_duration_statement = 5s
EOF
  ((EUID)) || chown "$(cluster_owner):" "$data_dir/kukar.conf"
}

start_server() {
  local attempt pid='' data sockets
  data=$(readlink -f "$data_dir")
  sockets=$(socket_dir)
  if postmaster_pid >/dev/null; then
    # It runs and does not answer: it is recovering from a crash, or its socket is lost.
    if [[ -S $sockets/.s.PGSQL.5432 ]]; then
      say "Waiting for the database …"
      for ((attempt = 0; attempt < 120; attempt++)); do
        ! cluster_is_up || return 0
        sleep 1
      done
      return 1
    fi
    stop_cluster
  fi
  make_socket_dir "$sockets"
  write_cluster_settings
  # What a crash left behind. PostgreSQL takes it for a running server when its process
  # number has meanwhile been given to another.
  rm -f "$sockets/.s.PGSQL.5432" "$sockets/.s.PGSQL.5432.lock"
  [[ ! -f $data/postmaster.pid ]] || read -r pid <"$data/postmaster.pid" || true
  [[ ! $pid || ! -e /proc/$pid ]] || rm -f "$data/postmaster.pid"
  # After a crash the old server's children need a moment to go.
  for attempt in 1 2 3; do
    if as_cluster_owner "$(pg pg_ctl)" -D "$data" -l "$data/start.log" -w -t 120 -s start \
      >/dev/null 2>&1; then
      return 0
    fi
    sleep "$attempt"
  done
  say "The database server did not start. The last it wrote to $data/start.log and log/:"
  # shellcheck disable=SC2012  # the server names its logs after weekdays
  tail -q -n 5 "$data/start.log" "$(ls -t "$data"/log/*.log 2>/dev/null | head -n 1)" \
    2>/dev/null | grep -v 'logging collector\|"log"' >&2 || true
  return 1
}

start_cluster() {
  cluster_is_up && return
  [[ -x $(pg postgres) ]] ||
    die "this database was made with PostgreSQL $(<"$data_dir/PG_VERSION"), which is no longer installed." \
      "Install it again: apt-get install postgresql-$(<"$data_dir/PG_VERSION")-postgis-3" \
      "or move the data to the newer one: docs/operations.md, 'A new Debian release'."
  exec 8>"$local_dir/cluster.lock"
  flock 8
  cluster_is_up || start_server || die "the private database is not running."
  exec 8>&-
}

stop_cluster() {
  postmaster_pid >/dev/null || return 0
  as_cluster_owner "$(pg pg_ctl)" -D "$(readlink -f "$data_dir")" -m fast -w -s stop
}

cluster_sql() {
  local database=$1
  as_cluster_owner "$(pg psql)" -XqAt -v ON_ERROR_STOP=1 -h "$(socket_dir)" -p 5432 \
    -U postgres -d "$database"
}

other_clients() {
  cluster_sql postgres <<<"select count(*) from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()"
}

# --- which database, and the environment of everything we start --------------

private_url() {
  printf 'postgresql://kukar@/kukar?host=%s&port=5432\n' "$(socket_dir)"
}

value_in_env_file() {
  [[ -f $env_file ]] || return 0
  (
    unset "$1"
    # shellcheck disable=SC1090
    source "$env_file"
    printf '%s\n' "${!1-}"
  )
}

# The environment's DATABASE_URL wins, then the file's. Ours is the private cluster's:
# what bin/setup wrote last, also when the caller has sourced .local/env.
uses_private_cluster() {
  local url=${DATABASE_URL-} ours=
  [[ -f $state_dir/private-url ]] && ours=$(<"$state_dir/private-url")
  [[ $url ]] || url=$(value_in_env_file DATABASE_URL)
  [[ ! $url || $url == "$ours" || $url == "$(private_url)" ]]
}

load_env() {
  local name
  if ! uses_private_cluster; then
    # Settings read the file too; its PG… lines are about the private cluster.
    for name in PGHOST PGPORT PGUSER PGDATABASE; do
      [[ -v $name ]] || export "$name="
    done
  fi
  while IFS= read -r name; do
    [[ -v $name ]] || export "$name=$(value_in_env_file "$name")"
  done < <(sed -n 's/^\(export \)\{0,1\}\([A-Za-z_][A-Za-z_0-9]*\)=.*/\2/p' "$env_file")
}

# True when bin/setup has finished here once.
is_set_up() {
  [[ -f $venv/.runtime && -f $env_file ]] || return 1
  ! uses_private_cluster || [[ -d $data_dir ]]
}

# Runs a command some seconds from now, unless it is cancelled; its pid is in $timer.
timer=
after() {
  (
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    sleep "$1" &
    nap=$!
    wait "$nap"
    "${@:2}"
  ) >/dev/null &
  timer=$!
}
cancel() {
  kill "$1" && wait "$1"
} 2>/dev/null

# Says what is being done once it takes longer than people wait without wondering.
# In the background, so that a signal to this script is not held up by the work.
step_pid=
step() {
  local label=$1 teller result=0
  shift
  after 2 say "$label …"
  teller=$timer
  "$@" &
  step_pid=$!
  wait "$step_pid" || result=$?
  step_pid=
  cancel "$teller" || true
  ((result == 0)) || say "$label: that failed."
  return "$result"
}

# The cluster goes as it came: whoever started it stops it, unless others use it now.
# Everyone here holds a lock together, because a command is not connected all the time.
cluster_was_up=
use_cluster() {
  make_local_dir
  exec 7>>"$local_dir/cluster.users"
  flock -s 7
  if [[ -d $data_dir ]] && cluster_is_up; then cluster_was_up=1; fi
}
leave_cluster_as_found() {
  local attempt
  [[ ! $cluster_was_up && -d $data_dir ]] && cluster_is_up || return 0
  flock -n -x 7 || return 0
  # Connections of what has just been stopped take a moment to go.
  for attempt in 1 2 3 4; do
    if [[ $(other_clients) == 0 ]]; then
      stop_cluster
      return
    fi
    sleep "0.$attempt"
  done
}
