{{- define "keyless-csi.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Independent of the release's name: what deploy/manifests installed can be taken over, and one cluster needs one installation. */}}
{{- define "keyless-csi.fullname" -}}
{{- default (include "keyless-csi.name" .) .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "keyless-csi.controller" -}}
{{ include "keyless-csi.fullname" . }}-controller
{{- end }}

{{- define "keyless-csi.doctor" -}}
{{ include "keyless-csi.fullname" . }}-doctor
{{- end }}

{{- define "keyless-csi.serviceAccount" -}}
{{- default (include "keyless-csi.controller" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "keyless-csi.configMap" -}}
{{- default (include "keyless-csi.fullname" .) .Values.existingConfigMap }}
{{- end }}

{{- define "keyless-csi.driver" -}}
{{- index .Values.config "driver-name" }}
{{- end }}

{{- define "keyless-csi.audience" -}}
{{- index .Values.config "token-audience" }}
{{- end }}

{{/* The driver whose CSIDriver object decides about tokens, and which PersistentVolumes name in the end. */}}
{{- define "keyless-csi.nodeDriver" -}}
{{- if eq .Values.nodePlugin.mode "shared" }}{{ .Values.nodePlugin.sharedDriver }}{{ else }}{{ include "keyless-csi.driver" . }}{{ end }}
{{- end }}

{{/* Selectors cannot be changed later: one label, which deploy/manifests of 0.1.0 has too. */}}
{{- define "keyless-csi.selector" -}}
app.kubernetes.io/name: {{ include "keyless-csi.name" . }}
{{- end }}

{{- define "keyless-csi.labels" -}}
{{ include "keyless-csi.selector" . }}
{{ include "keyless-csi.releaseLabels" . }}
{{- end }}

{{- define "keyless-csi.nodeSelectorLabel" -}}
app.kubernetes.io/name: {{ include "keyless-csi.name" . }}-node
{{- end }}

{{- define "keyless-csi.nodeLabels" -}}
{{ include "keyless-csi.nodeSelectorLabel" . }}
{{ include "keyless-csi.releaseLabels" . }}
{{- end }}

{{- define "keyless-csi.releaseLabels" -}}
{{ include "keyless-csi.ownReleaseLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "keyless-csi.ownReleaseLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What no label of the user's may replace. */}}
{{- define "keyless-csi.ownLabels" -}}
{{ include "keyless-csi.selector" . }}
{{ include "keyless-csi.ownReleaseLabels" . }}
{{- end }}

{{/* repository, then @digest or :tag; takes a dict of `image` and the default `tag`. */}}
{{- define "keyless-csi.image" -}}
{{ .image.repository }}{{ if .image.digest }}@{{ .image.digest }}{{ else }}:{{ default .tag .image.tag }}{{ end }}
{{- end }}

{{/* Pod Security "restricted". */}}
{{- define "keyless-csi.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Whether an object of an optional kind is rendered: takes a dict of `enabled`, `kind` (group/version/Kind) and `root`. */}}
{{- define "keyless-csi.isWanted" -}}
{{- if or (eq (toString .enabled) "true") (and (eq (toString .enabled) "auto") (.root.Capabilities.APIVersions.Has .kind)) -}}true{{- end }}
{{- end }}

{{/* The chart's own flags of the controller. */}}
{{- define "keyless-csi.controllerArgs" -}}
- controller
- --endpoint=unix:///csi/csi.sock
- --config=/etc/keyless-csi/config.yaml
- --http-endpoint=:8080 # metrics, and the readiness of this pod
{{- with .Values.controller.logLevel }}
- --log-level={{ . }}
{{- end }}
{{- end }}

{{/* What a pod that signs in as the controller has in common with it. */}}
{{- define "keyless-csi.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "keyless-csi.imageArchitectures" -}}
requiredDuringSchedulingIgnoredDuringExecution:
  nodeSelectorTerms:
    - matchExpressions:
        - key: kubernetes.io/arch
          operator: In
          values: [amd64, arm64]
{{- end }}

{{- define "keyless-csi.controllerMounts" -}}
- name: configuration
  mountPath: /etc/keyless-csi
  readOnly: true
- name: azure-token
  mountPath: /var/run/secrets/keyless-csi/azure
  readOnly: true
{{- with .Values.controller.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "keyless-csi.controllerVolumes" -}}
- name: configuration
  configMap:
    name: {{ include "keyless-csi.configMap" . }}
- name: azure-token
  projected:
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ include "keyless-csi.audience" . }}
          expirationSeconds: 3600
{{- with .Values.controller.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Settings of the chart's own that every command in the container needs: what `kubectl exec` starts there inherits the environment. */}}
{{- define "keyless-csi.controllerEnv" -}}
{{- if eq (index .Values.config "credential") "workload-identity" }}
- name: KEYLESS_CSI_TOKEN_FILE
  value: /var/run/secrets/keyless-csi/azure/token
{{- end }}
{{- if eq .Values.nodePlugin.mode "shared" }}
- name: KEYLESS_CSI_NODE_DRIVER
  value: {{ .Values.nodePlugin.sharedDriver }}
{{- end }}
{{- with .Values.controller.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
