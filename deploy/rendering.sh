# shellcheck shell=bash
# What a run on a cluster applies, from the config, the overlay and the options of deploy/run, which reads this file: `manifests.yaml` in
# the folder `work`. Nothing here asks or changes a cluster.

# What the overlay has: its workload, and an APIService where the fleet is asked.
survey() {
  kind=DaemonSet
  if grep -q '^kind: Job$' "$work/overlay.yaml"; then kind=Job; fi
  api=$(of_api '^  name: ' 2)
  if [ -n "$api" ]; then
    kind=Deployment nodes=1 lead=${lead:-0}
    command -v vsock-loadgen >/dev/null || refuse "found no vsock-loadgen here, expected it to put the VMs into the cluster"
    command -v openssl >/dev/null || refuse "found no openssl here, expected it to make the key that the API server trusts"
  fi
  lead=${lead:-60}
}

# A field of the overlay's APIService, by its line.
of_api() { sed -n '/^kind: APIService$/,/^---$/p' "$work/overlay.yaml" | awk -v at="$1" -v field="$2" '$0 ~ at { print $field; exit }'; }

instant() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$1" +%Y-%m-%dT%H:%M:%SZ; }

# What the script tells the pods by variables, beside what the overlay does.
tell() {
  if [ "$kind" = Job ]; then told+=("LOADGEN_NODE_COUNT=$nodes"); fi
  if [ "$lead" -gt 0 ] && ! grep -qE '^([^#]*[ {,"])?startAt"? *:' "$config"; then
    told+=("LOADGEN_START_AT=$(instant $(($(date +%s) + lead)))")
  fi
}

# The overlay's variables with their values, as kustomize writes them.
told_by_overlay() {
  awk '
    /^ *- name: / { name = $3; next }
    name && /^ *value: / { sub(/^ *value: */, ""); gsub(/^["'\'']|["'\'']$/, ""); print name "=" $0 }
    { name = "" }
  ' "$work/overlay.yaml"
}

as_pods() { env ${pod_env[@]+"${pod_env[@]}"} vsock-loadgen "$@"; }

# Reads the config as the pods will, with their variables and none that happens to be set here. A file that it refers to goes along in the
# ConfigMap, under the name of the variable that then says where it is.
gather() {
  local given kind name what
  if ! command -v vsock-loadgen >/dev/null; then
    if grep -qE '^[^#]*packageCatalog' "$config"; then refuse "found no vsock-loadgen here, expected it to send the packageCatalog along"; fi
    echo "deploy/run: found no vsock-loadgen here: $config is first read by the pods" >&2
    return
  fi
  for name in $(compgen -e LOADGEN_); do pod_env+=(-u "$name"); done
  while read -r given; do
    case $given in LOADGEN_PACKAGE_CATALOG=*) ;; LOADGEN_*) pod_env+=("$given") ;; esac
  done < <(told_by_overlay)
  pod_env+=(${told[@]+"${told[@]}"})
  as_pods plan --config "$config" --references >"$work/references" ||
    refuse "$config cannot be used: nothing was applied"
  while IFS=$'\t' read -r kind name what; do
    if grep -q "^ *- name: $name\$" "$work/overlay.yaml"; then continue; fi # the pods have it
    if [ "$kind" = file ]; then
      cp "$what" "$work/$name"
      files+=("$name")
      told+=("$name=/etc/loadgen/$name")
    elif ! grep -q '^ *envFrom:' "$work/overlay.yaml"; then
      refuse "$what: the variable $name is not set in the pods, expected an overlay that sets it"
    fi
  done <"$work/references"
}

weigh() {
  local bytes
  bytes=$(cd "$work" && cat "${files[@]}" | wc -c)
  [ "$bytes" -le 1048576 ] ||
    refuse "${files[*]} have $((bytes)) bytes, and a ConfigMap takes 1048576: mount the file in an overlay, and set ${files[*]:1} there"
  # A plain apply keeps a copy in an annotation, which takes 256 KiB.
  if [ "$bytes" -gt 131072 ]; then apply+=(--server-side --force-conflicts); fi
}

# An overlay over the overlay: kustomize takes files from its own folder only, and other folders by relative paths only.
render() {
  local name=$image tag=latest pin=newTag IFS=,
  case ${image##*/} in
  *@*) name=${image%@*} tag=${image#*@} pin=digest ;;
  *:*) name=${image%:*} tag=${image##*:} ;;
  esac
  {
    echo "resources: [$(realpath --relative-to="$(realpath "$work")" "$overlay")]"
    echo "configMapGenerator:"
    echo "  - {name: vsock-loadgen-config, behavior: replace, files: [${files[*]}], options: {disableNameSuffixHash: true}}"
    if [ -n "$api" ]; then
      echo "secretGenerator:"
      echo "  - {name: vsock-loadgen-api-tls, namespace: $(of_api '^    namespace: ' 2), type: kubernetes.io/tls, files: [tls.crt, tls.key],"
      echo "     options: {disableNameSuffixHash: true, labels: {app.kubernetes.io/name: vsock-loadgen}}}"
    fi
    echo "images: [{name: vsock-loadgen, newName: \"$name\", $pin: \"$tag\"}]"
    changes
  } >"$work/kustomization.yaml"
  kubectl kustomize "$work" >"$work/manifests.yaml" || refuse "kubectl kustomize failed"
  namespace=$(sed -n '/^kind: ServiceAccount$/,/^---$/s/^  namespace: //p' "$work/manifests.yaml" | sort -u)
}

# A certificate that is good for the name under which the API server asks, for a month, and is its own CA.
certify() {
  local name
  name=$(of_api '^    name: ' 2).$(of_api '^    namespace: ' 2).svc
  printf '%s\n' '[req]' 'prompt = no' 'distinguished_name = name' 'x509_extensions = server' '[name]' 'CN = vsock-loadgen' '[server]' \
    "subjectAltName = DNS:$name" 'basicConstraints = critical, CA:TRUE' 'keyUsage = critical, digitalSignature, keyCertSign' \
    'extendedKeyUsage = serverAuth' >"$work/openssl.cnf"
  openssl req -x509 -config "$work/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 30 \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl.log" || refuse "openssl failed: $(cat "$work/openssl.log")"
}

# Variables, and the numbers of a Job, in the overlay's own workload.
changes() {
  local group=apps/v1 job='' env=() one IFS=,
  if [ "$kind" = Job ]; then group=batch/v1 job="completions: $nodes, parallelism: $nodes, "; fi
  for one in ${told[@]+"${told[@]}"}; do env+=("{name: ${one%%=*}, value: '${one#*=}'}"); done
  echo "patches:"
  if [ -n "$api" ]; then
    cat <<END
  - patch: |-
      {apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: $api},
       spec: {caBundle: $(base64 <"$work/tls.crt" | tr -d '\n')}}
END
  fi
  [ ${#env[@]} -gt 0 ] || return 0
  cat <<END
  - target: {kind: $kind, name: vsock-loadgen}
    patch: |-
      {apiVersion: $group, kind: $kind, metadata: {name: vsock-loadgen},
       spec: {${job}template: {spec: {containers: [{name: vsock-loadgen, env: [${env[*]}]}]}}}}
END
}
