package dev.cofferdam.chart;

import static dev.cofferdam.chart.Rendered.list;
import static dev.cofferdam.chart.Rendered.map;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.CallTable;
import dev.cofferdam.mesh.kafka.ConfigWriter;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.RolloutServiceGrpc;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc;
import dev.cofferdam.proto.metering.v1.CostServiceGrpc;
import dev.cofferdam.proto.metering.v1.FocusServiceGrpc;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What the chart lets through is what the code's tables say, and nothing else. */
class TablesTest {
  private static final Map<ServiceDescriptor, Role> SERVERS =
      Map.ofEntries(
          Map.entry(InferenceServiceGrpc.getServiceDescriptor(), Role.GATEWAY),
          Map.entry(AdminServiceGrpc.getServiceDescriptor(), Role.GATEWAY),
          Map.entry(RolloutServiceGrpc.getServiceDescriptor(), Role.GATEWAY),
          Map.entry(RoutingServiceGrpc.getServiceDescriptor(), Role.ROUTER),
          Map.entry(SchedulingServiceGrpc.getServiceDescriptor(), Role.SCHEDULER),
          Map.entry(WorkerServiceGrpc.getServiceDescriptor(), Role.WORKER),
          Map.entry(UsageServiceGrpc.getServiceDescriptor(), Role.METERING),
          Map.entry(BillingServiceGrpc.getServiceDescriptor(), Role.METERING),
          Map.entry(CostServiceGrpc.getServiceDescriptor(), Role.METERING),
          Map.entry(FocusServiceGrpc.getServiceDescriptor(), Role.METERING),
          Map.entry(AuditServiceGrpc.getServiceDescriptor(), Role.AUDIT));

  @Test
  void everyServiceOfTheContractsIsLookedAt() throws Exception {
    Set<String> declared = new HashSet<>();
    try (var files = Files.walk(Rendered.REPOSITORY.resolve("proto/src/main/proto"))) {
      for (var file : files.filter(f -> f.toString().endsWith(".proto")).toList()) {
        String text = Files.readString(file);
        String area = text.replaceAll("(?s).*?\\npackage ([a-z0-9.]+);.*", "$1");
        text.lines()
            .filter(line -> line.startsWith("service "))
            .forEach(line -> declared.add(area + "." + line.split(" ")[1]));
      }
    }

    assertThat(SERVERS.keySet()).extracting(ServiceDescriptor::getName).hasSameElementsAs(declared);
  }

  @Test
  void servicesReachThoseThatTheCallTableLetsThemCallAndNoOthers() {
    Set<String> allowed = new TreeSet<>();
    SERVERS.forEach(
        (service, server) -> {
          for (MethodDescriptor<?, ?> method : service.getMethods()) {
            for (Role caller : Role.values()) {
              if (caller.isService() && CallTable.allows(caller, method.getFullMethodName())) {
                allowed.add(label(caller) + " -> " + label(server));
              }
            }
          }
        });

    assertThat(edges("ingress", "from")).isEqualTo(allowed);
    assertThat(edges("egress", "to")).isEqualTo(allowed);
  }

  @Test
  void whatNoPolicyNamesIsDenied() {
    Map<String, Object> deny =
        map(Rendered.with("{}").of("NetworkPolicy", "cofferdam-default-deny").get("spec"));

    assertThat(map(deny.get("podSelector"))).isEmpty();
    assertThat(list(deny.get("policyTypes"))).containsExactly("Ingress", "Egress");
    assertThat(deny).doesNotContainKeys("ingress", "egress");
  }

  @Test
  void schedulersReachTheKeeperOfTheirLeasesAndNoOther() {
    assertThat(schedulersOut("{}")).contains("6379").doesNotContain("6443");
    assertThat(schedulersOut(Rendered.EVERYTHING))
        .contains("port=6443", "cidr=10.2.0.1/32", "cidr=10.2.0.2/32")
        .doesNotContain("6379");
    for (Map<String, Object> policy : Rendered.with(Rendered.EVERYTHING).of("NetworkPolicy")) {
      if (!Rendered.name(policy).equals("cofferdam-scheduler")) {
        assertThat(policy.toString()).doesNotContain("6443");
      }
    }
  }

  private static String schedulersOut(String values) {
    Map<String, Object> policy = Rendered.with(values).of("NetworkPolicy", "cofferdam-scheduler");
    return list(map(policy.get("spec")).get("egress")).toString();
  }

  @Test
  void topicsAreThoseOfTheCode() {
    Map<String, Object> rendered = new TreeMap<>();
    for (Map<String, Object> topic : Rendered.with("{}").of("KafkaTopic")) {
      Map<String, Object> spec = map(topic.get("spec"));
      Map<String, Object> config = new TreeMap<>(map(spec.get("config")));
      assertThat(config.remove("min.insync.replicas")).isEqualTo("2");
      rendered.put(Rendered.name(topic), List.of(spec.get("partitions"), config));
    }
    Map<String, Object> declared = new TreeMap<>();
    Topics.ALL.forEach(
        topic ->
            declared.put(
                topic.name(), List.of(topic.partitions(), new TreeMap<>(topic.configuration()))));

    assertThat(rendered).isEqualTo(declared);
  }

  @Test
  void whoMayWriteAndReadATopicIsWhatTheCodeSays() {
    Set<String> declared = new TreeSet<>();
    Topics.ALL.forEach(
        topic -> {
          topic.writers().forEach(r -> declared.add(label(r) + " Write topic " + topic.name()));
          topic.readers().forEach(r -> declared.add(label(r) + " Read topic " + topic.name()));
        });
    declared.add("metering Read group metering");
    declared.add("audit Read group audit");
    declared.add("gateway Write transactionalId " + ConfigWriter.TRANSACTIONAL_ID);
    Set<String> rendered = new TreeSet<>();
    for (Map<String, Object> user : Rendered.with("{}").of("KafkaUser")) {
      for (Object one : list(map(map(user.get("spec")).get("authorization")).get("acls"))) {
        Map<String, Object> resource = map(map(one).get("resource"));
        for (Object operation : list(map(one).get("operations"))) {
          if (!operation.equals("Describe")) {
            rendered.add(
                "%s %s %s %s"
                    .formatted(
                        Rendered.name(user).replace("cofferdam-", ""),
                        operation,
                        resource.get("type"),
                        resource.get("name")));
          }
        }
      }
    }

    assertThat(rendered).isEqualTo(declared);
  }

  @Test
  void autoscalersAskForMetricsThatRoutersHave() throws Exception {
    String source =
        Files.readString(
            Rendered.REPOSITORY.resolve(
                "router-svc/src/main/java/dev/cofferdam/router/app/RouterMetrics.java"));
    Rendered all = Rendered.with(Rendered.EVERYTHING);
    Set<String> asked = new TreeSet<>();
    String text = all.of("ScaledObject") + " " + all.of("HorizontalPodAutoscaler");
    java.util.regex.Pattern.compile("cofferdam_[a-z_]+")
        .matcher(text)
        .results()
        .forEach(name -> asked.add(name.group()));

    assertThat(asked).containsExactly("cofferdam_pool_waiting", "cofferdam_pool_waiting_tokens");
    asked.forEach(name -> assertThat(source).contains('"' + name.replace('_', '.') + '"'));
    assertThat(text).contains("pool=\"shared\"").contains("pool=mig");
  }

  /** Edges between the release's own pods, by the policies' rules of one direction. */
  private static Set<String> edges(String direction, String peers) {
    Set<String> edges = new TreeSet<>();
    for (Map<String, Object> policy : Rendered.with(Rendered.EVERYTHING).of("NetworkPolicy")) {
      Map<String, Object> spec = map(policy.get("spec"));
      Object self = component(spec.get("podSelector"));
      for (Object rule : list(spec.get(direction))) {
        for (Object peer : list(map(rule).get(peers))) {
          Object other = component(map(peer).get("podSelector"));
          if (other != null && self != null) {
            edges.add(direction.equals("egress") ? self + " -> " + other : other + " -> " + self);
          }
        }
      }
    }
    return edges;
  }

  private static Object component(Object selector) {
    return map(map(selector).get("matchLabels")).get("app.kubernetes.io/component");
  }

  private static String label(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }
}
