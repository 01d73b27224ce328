{{- /* Labels that select a component's pods: root, component, and a pool's name. */ -}}
{{- define "cofferdam.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .pool }}
cofferdam.dev/pool: {{ . }}
{{- end }}
{{- end -}}

{{- define "cofferdam.labels" -}}
{{ include "cofferdam.selector" . }}
app.kubernetes.io/part-of: cofferdam
app.kubernetes.io/version: {{ .root.Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- /* host:port of each of a component's pods. */ -}}
{{- define "cofferdam.endpoints" -}}
{{- $service := printf "%s-%s" .root.Release.Name .component -}}
{{- $list := list -}}
{{- range $i := until (int (index .root.Values .component).replicas) -}}
{{- $list = append $list (printf "%s-%d.%s.%s.svc:9443" $service $i $service $.root.Release.Namespace) -}}
{{- end -}}
{{- join "," $list -}}
{{- end -}}

{{- /* Settings that all services have. */ -}}
{{- define "cofferdam.settings" -}}
cofferdam.trust-domain={{ .root.Values.trustDomain }}
cofferdam.tls.certificate=/etc/cofferdam/tls/tls.crt
cofferdam.tls.key=/etc/cofferdam/tls/tls.key
cofferdam.tls.trust=/etc/cofferdam/tls/ca.crt
cofferdam.listen.host=0.0.0.0
cofferdam.listen.port=9443
cofferdam.state-dir=/var/lib/cofferdam
cofferdam.kafka.properties."bootstrap.servers"={{ .root.Values.kafka.bootstrap }}
cofferdam.kafka.properties."security.protocol"=SSL
{{ if .root.Values.traces.endpoint -}}
quarkus.otel.exporter.otlp.endpoint={{ .root.Values.traces.endpoint }}
{{- else -}}
quarkus.otel.sdk.disabled=true
{{- end }}
{{ if eq .component "gateway" -}}
quarkus.management.host=0.0.0.0
quarkus.management.port=9000
{{- else -}}
quarkus.http.host=0.0.0.0
quarkus.http.port=9000
{{- end }}
{{- range $name, $value := .values.settings }}
{{ $name }}={{ $value }}
{{- end }}
{{- end -}}

{{- define "cofferdam.settings.gateway" -}}
cofferdam.router.endpoints={{ include "cofferdam.endpoints" (dict "root" .root "component" "router") }}
cofferdam.models.root=/models/models
cofferdam.adapters.root=/models/adapters
cofferdam.rest.host=0.0.0.0
cofferdam.rest.port=8443
cofferdam.console.host=0.0.0.0
cofferdam.console.port=8444
cofferdam.console.metering={{ .root.Release.Name }}-metering.{{ .root.Release.Namespace }}.svc:9443
cofferdam.console.audit={{ .root.Release.Name }}-audit.{{ .root.Release.Namespace }}.svc:9443
cofferdam.reflection=false
cofferdam.gateway-replicas={{ .values.replicas }}
cofferdam.drain.delay-ms={{ mul .root.Values.pod.unroutedSeconds 1000 }}
cofferdam.drain.ms-max={{ int .values.drainMsMax }}
cofferdam.prefix.secret-file=/etc/cofferdam/secret/prefix
cofferdam.audit.hmac-secret-file=/etc/cofferdam/secret/audit-hmac
cofferdam.responses.secret-file=/etc/cofferdam/secret/responses
{{- if .values.databaseUrl }}
cofferdam.transcripts.secret-file=/etc/cofferdam/secret/transcripts
cofferdam.batches.secret-file=/etc/cofferdam/secret/batches
quarkus.datasource.jdbc.url={{ .values.databaseUrl }}
quarkus.datasource.username={{ .values.databaseUser }}
quarkus.flyway.username={{ .values.databaseOwner }}
{{- end }}
{{- end -}}

{{- define "cofferdam.settings.router" -}}
cofferdam.scheduler.endpoint={{ include "cofferdam.endpoints" (dict "root" .root "component" "scheduler") }}
cofferdam.gateway.endpoints={{ .root.Release.Name }}-gateway.{{ .root.Release.Namespace }}.svc:9443
cofferdam.zone=${POD_ZONE:}
{{- end -}}

{{- define "cofferdam.settings.scheduler" -}}
{{- if eq .values.leases "kubernetes" -}}
cofferdam.lease.kubernetes.namespace={{ .root.Release.Namespace }}
cofferdam.lease.kubernetes.prefix={{ .root.Release.Name }}-pool-
cofferdam.lease.life-ms={{ mul .values.leaseSeconds 1000 }}
{{- end -}}
{{- end -}}

{{- define "cofferdam.settings.metering" -}}
cofferdam.web.host=0.0.0.0
cofferdam.web.port=8443
quarkus.datasource.jdbc.url={{ .values.databaseUrl }}
quarkus.datasource.username={{ .values.databaseUser }}
{{- end -}}

{{- define "cofferdam.settings.audit" -}}
{{ include "cofferdam.settings.metering" . }}
cofferdam.audit.kek=file:/etc/cofferdam/secret/kek
cofferdam.audit.signing-key-file=/etc/cofferdam/secret/signing-key
{{- end -}}

{{- define "cofferdam.settings.worker" -}}
cofferdam.worker.id=${POD_NAME}
cofferdam.worker.pool={{ .pool }}
cofferdam.worker.zone=${POD_ZONE:}
cofferdam.worker.advertised-endpoint=${POD_IP}:9443
cofferdam.worker.models-root=/models/models
cofferdam.worker.adapters-root=/models/adapters
cofferdam.worker.models={{ join "," .values.models }}
cofferdam.worker.models-pinned={{ first .values.models }}
cofferdam.worker.router-endpoints={{ include "cofferdam.endpoints" (dict "root" .root "component" "router") }}
cofferdam.worker.scheduler-endpoint={{ include "cofferdam.endpoints" (dict "root" .root "component" "scheduler") }}
cofferdam.worker.executor={{ .values.executor }}
cofferdam.worker.kv-bytes={{ int64 .values.kvBytes }}
cofferdam.worker.drain-ms-max={{ int .values.drainMsMax }}
{{- end -}}

{{- /* ServiceAccount, ConfigMap, Service, PodDisruptionBudget and StatefulSet: root, component, name, values, pool. */ -}}
{{- define "cofferdam.workload" -}}
{{- $root := .root -}}
{{- $pod := $root.Values.pod -}}
{{- $models := has .component (list "gateway" "worker") -}}
{{- /* Schedulers alone have a token of their service account, and no Redis then. */ -}}
{{- $account := and (eq .component "scheduler") (eq (.values.leases | default "") "kubernetes") -}}
{{- $secret := ternary "" (.values.secret | default "") $account -}}
{{- $settings := printf "%s\n%s\n" (include "cofferdam.settings" .) (include (printf "cofferdam.settings.%s" .component) .) -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  labels: {{- include "cofferdam.labels" . | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}
  labels: {{- include "cofferdam.labels" . | nindent 4 }}
data:
  application.properties: |
    {{- $settings | nindent 4 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  labels: {{- include "cofferdam.labels" . | nindent 4 }}
spec:
  # Clients balance by themselves, over connections that last; pods have names.
  clusterIP: None
  selector: {{- include "cofferdam.selector" . | nindent 4 }}
  ports:
    - {name: grpc, port: 9443, appProtocol: grpc}
    {{- if has .component (list "gateway" "metering" "audit") }}
    - {name: https, port: 8443, appProtocol: https}
    {{- end }}
    {{- if eq .component "gateway" }}
    - {name: console, port: 8444, appProtocol: https}
    {{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  labels: {{- include "cofferdam.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "cofferdam.selector" . | nindent 6 }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  labels: {{- include "cofferdam.labels" . | nindent 4 }}
spec:
  serviceName: {{ .name }}
  {{- if not .scaled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  podManagementPolicy: Parallel
  selector:
    matchLabels: {{- include "cofferdam.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "cofferdam.labels" . | nindent 8 }}
      annotations:
        checksum/settings: {{ $settings | sha256sum }}
        {{- with $pod.annotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      priorityClassName: {{ $root.Release.Name }}-{{ ternary (ternary "preemptible" "workers" (.values.preemptible | default false)) "services" (eq .component "worker") }}
      terminationGracePeriodSeconds: {{ add $pod.unroutedSeconds $pod.lastFactsSeconds (div (int (.values.drainMsMax | default 0)) 1000) }}
      {{- with $root.Values.images.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with ternary .values.nodeSelector $pod.nodeSelector (eq .component "worker") }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: {{ $pod.user }}
        runAsGroup: {{ $pod.user }}
        fsGroup: {{ $pod.user }}
        seccompProfile: {type: RuntimeDefault}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "cofferdam.selector" . | nindent 14 }}
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "cofferdam.selector" . | nindent 14 }}
      {{- if and .values.gpu .values.gpu.deviceClass }}
      resourceClaims:
        - name: gpu
          resourceClaimTemplateName: {{ .name }}
      {{- end }}
      containers:
        - name: {{ .component }}
          {{- $digest := index $root.Values.images.digests .component }}
          image: {{ $root.Values.images.registry }}/{{ .component }}{{ if $digest }}@{{ $digest }}{{ else }}:{{ $root.Values.images.tag }}{{ end }}
          imagePullPolicy: {{ $root.Values.images.pullPolicy }}
          env:
            - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            - {name: POD_ZONE, valueFrom: {fieldRef: {fieldPath: "metadata.labels['topology.kubernetes.io/zone']"}}}
            - name: QUARKUS_CONFIG_LOCATIONS
              value: /etc/cofferdam/config/application.properties{{ if $secret }},/etc/cofferdam/secret/application.properties{{ end }}
            - {name: JDK_JAVA_OPTIONS, value: "-XX:MaxRAMPercentage={{ $pod.heapPercent }}"}
          ports:
            - {name: grpc, containerPort: 9443}
            - {name: http, containerPort: 9000}
            {{- if has .component (list "gateway" "metering" "audit") }}
            - {name: https, containerPort: 8443}
            {{- end }}
            {{- if eq .component "gateway" }}
            - {name: console, containerPort: 8444}
            {{- end }}
          {{- $resources := deepCopy .values.resources }}
          {{- if .values.gpu }}
          {{- if .values.gpu.deviceClass }}
          {{- $_ := set $resources "claims" (list (dict "name" "gpu")) }}
          {{- else if .values.gpu.resource }}
          {{- range $part := list "requests" "limits" }}
          {{- $_ := set $resources $part (merge (dict $.values.gpu.resource (int $.values.gpu.count)) (index $resources $part | default dict)) }}
          {{- end }}
          {{- end }}
          {{- end }}
          resources: {{- toYaml $resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          {{- if ne .component "gateway" }}
          # Peers hear of the end before it begins; a gateway waits by itself (cofferdam.drain.delay-ms).
          lifecycle:
            preStop: {sleep: {seconds: {{ $pod.unroutedSeconds }}}}
          {{- end }}
          startupProbe:
            httpGet: {path: /q/health/started, port: http}
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 300
          livenessProbe:
            httpGet: {path: /q/health/live, port: http}
            periodSeconds: 10
            timeoutSeconds: 2
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /q/health/ready, port: http}
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 2
          volumeMounts:
            - {name: config, mountPath: /etc/cofferdam/config, readOnly: true}
            - {name: tls, mountPath: /etc/cofferdam/tls, readOnly: true}
            {{- if $secret }}
            - {name: secret, mountPath: /etc/cofferdam/secret, readOnly: true}
            {{- end }}
            {{- if $account }}
            - {name: account, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
            {{- end }}
            {{- if $models }}
            - {name: models, mountPath: /models, readOnly: true}
            {{- end }}
            - {name: state, mountPath: /var/lib/cofferdam}
            - {name: tmp, mountPath: /tmp}
      volumes:
        - name: config
          configMap: {name: {{ .name }}}
        - name: tls
          csi:
            driver: csi.cert-manager.io
            readOnly: true
            volumeAttributes:
              csi.cert-manager.io/issuer-kind: ClusterIssuer
              csi.cert-manager.io/issuer-name: {{ $root.Values.identity.issuer }}
              csi.cert-manager.io/common-name: {{ $root.Release.Name }}-{{ .component }}
              csi.cert-manager.io/uri-sans: spiffe://{{ $root.Values.trustDomain }}/service/{{ .component }}/${POD_NAME}
              {{- if eq .component "gateway" }}
              csi.cert-manager.io/dns-names: {{ .name }}.{{ $root.Release.Namespace }}.svc,{{ $root.Values.route.grpcHost }},{{ $root.Values.route.restHost }}
              {{- else if has .component (list "metering" "audit") }}
              csi.cert-manager.io/dns-names: {{ .name }}.{{ $root.Release.Namespace }}.svc
              {{- end }}
              csi.cert-manager.io/key-usages: digital signature,client auth,server auth
              csi.cert-manager.io/key-encoding: PKCS8
              csi.cert-manager.io/duration: {{ $root.Values.identity.duration }}
              csi.cert-manager.io/fs-group: {{ $pod.user | quote }}
        {{- if $secret }}
        - name: secret
          secret: {secretName: {{ $secret }}, defaultMode: 0440}
        {{- end }}
        {{- if $account }}
        - name: account
          projected:
            defaultMode: 0440
            sources:
              - serviceAccountToken: {path: token, expirationSeconds: 3600}
              - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
        {{- end }}
        {{- if $models }}
        - name: models
          {{- toYaml $root.Values.models.volume | nindent 10 }}
        {{- end }}
        - name: tmp
          emptyDir: {sizeLimit: 256Mi}
  volumeClaimTemplates:
    - metadata:
        name: state
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $pod.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .values.storage }}
{{- end -}}
