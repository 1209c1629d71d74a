{{/* What the schema cannot say, each with the value and the fix. Included once, by controller.yaml. */}}
{{- define "keyless-csi.checks" -}}
{{- $mode := .Values.nodePlugin.mode }}
{{- range $name, $value := .Values.config }}
{{- if eq (toString $value) "00000000-0000-0000-0000-000000000000" }}
{{- fail (printf "config.%s is the GUID of zeros, a placeholder: give the real one" $name) }}
{{- end }}
{{- end }}
{{- if eq (toString (index .Values.config "cluster-id")) "my-cluster" }}
{{- fail "config.cluster-id is my-cluster, the example of version 0.1, which other clusters have too: choose an id that no other cluster of the subscription has, and add my-cluster to config.also-owns if volumes were made under it" }}
{{- end }}
{{- if and (not .Values.existingConfigMap) (eq (index .Values.config "credential") "workload-identity") (not (index .Values.config "client-id")) (not .Values.controller.extraEnv) }}
{{- fail "config.client-id is missing: credential workload-identity signs in as that identity (az identity show --name NAME --resource-group GROUP --query clientId)" }}
{{- end }}
{{- if and (eq $mode "shared") (semverCompare "<1.36.0-0" .Capabilities.KubeVersion.Version) }}
{{- fail (printf "nodePlugin.mode shared needs Kubernetes 1.36, where MutatingAdmissionPolicy is on by default; this cluster has %s: use nodePlugin.mode=dedicated, or none with a node plugin of your own" .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- if and (eq $mode "shared") (eq .Values.nodePlugin.sharedDriver (include "keyless-csi.driver" .)) }}
{{- fail (printf "nodePlugin.sharedDriver %s is this driver itself (config.driver-name): name the driver whose node plugin is installed, such as blob.csi.azure.com, or use nodePlugin.mode=dedicated" .Values.nodePlugin.sharedDriver) }}
{{- end }}
{{- if ne $mode "dedicated" }}
{{- $name := printf "%s-node" (include "keyless-csi.fullname" .) }}
{{- $annotations := dig "metadata" "annotations" dict (lookup "apps/v1" "DaemonSet" .Release.Namespace $name) }}
{{- if and (eq (get $annotations "meta.helm.sh/release-name") .Release.Name) (ne (get $annotations "helm.sh/resource-policy") "keep") }}
{{- fail (printf "nodePlugin.mode %s would delete the DaemonSet %s, and with it every mount of a volume that names %s: keep it until those volumes are gone, with kubectl --namespace %s annotate daemonset %s helm.sh/resource-policy=keep" $mode $name (include "keyless-csi.driver" .) .Release.Namespace $name) }}
{{- end }}
{{- end }}
{{- $stated := index .Values.config "node-driver" }}
{{- if and (hasKey .Values.config "node-driver") (ne $mode "none") (ne $stated (include "keyless-csi.nodeDriver" .)) }}
{{- fail (printf "config.node-driver is %q, but nodePlugin.mode %s makes it %s: leave config.node-driver out, or use nodePlugin.mode=none" $stated $mode (include "keyless-csi.nodeDriver" .)) }}
{{- end }}
{{- $own := list }}
{{- range include "keyless-csi.controllerArgs" . | fromYamlArray }}
{{- $own = append $own (regexFind "^--[^=]+" .) }}
{{- end }}
{{- range .Values.controller.extraArgs }}
{{- $flag := regexFind "^--[^=]+" . }}
{{- if has $flag (compact $own) }}
{{- fail (printf "controller.extraArgs: %s is a flag of the chart's own, and the controller refuses a flag that is given twice: leave it out" .) }}
{{- end }}
{{- if has $flag (list "--driver-name" "--token-audience" "--credential" "--node-driver") }}
{{- fail (printf "controller.extraArgs: other objects of the chart must agree with %s: set config.%s" . (trimPrefix "--" $flag)) }}
{{- end }}
{{- end }}
{{- range .Values.sidecars.provisioner.extraArgs }}
{{- if regexMatch "^--?volume-name-(prefix|uuid-length)" . }}
{{- fail (printf "sidecars.provisioner.extraArgs: %s would change the names by which the controller finds the volumes of a claim: leave it out" .) }}
{{- end }}
{{- end }}
{{- $labels := dict "commonLabels" .Values.commonLabels "controller.podLabels" .Values.controller.podLabels "nodePlugin.podLabels" .Values.nodePlugin.podLabels }}
{{- range $where, $given := $labels }}
{{- range $label := keys (fromYaml (include "keyless-csi.ownLabels" $)) | sortAlpha }}
{{- if hasKey (default dict $given) $label }}
{{- fail (printf "%s: %s is a label of the chart's own, by which selectors find pods and Helm its objects: leave it out" $where $label) }}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.storageClasses }}
{{- if and (eq $mode "shared") .allowVolumeExpansion }}
{{- fail (printf "storageClasses: %s has allowVolumeExpansion, but with nodePlugin.mode shared csi-resizer would send the expansion to %s: leave allowVolumeExpansion out" .name $.Values.nodePlugin.sharedDriver) }}
{{- end }}
{{- end }}
{{- end }}
