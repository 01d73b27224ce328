package dev.cofferdam.compose;

import static dev.cofferdam.compose.ComposeFile.list;
import static dev.cofferdam.compose.ComposeFile.map;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.local.compose.ContainerFiles;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.mesh.CallTable;
import dev.cofferdam.mesh.kafka.TopicSetup;
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
import io.grpc.ServiceDescriptor;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.security.ssl.SslPrincipalMapper;
import org.junit.jupiter.api.Test;

class ComposeTest {
  private static final Map<Role, List<ServiceDescriptor>> SERVERS =
      Map.of(
          Role.GATEWAY,
          List.of(
              InferenceServiceGrpc.getServiceDescriptor(),
              AdminServiceGrpc.getServiceDescriptor(),
              RolloutServiceGrpc.getServiceDescriptor()),
          Role.ROUTER,
          List.of(RoutingServiceGrpc.getServiceDescriptor()),
          Role.SCHEDULER,
          List.of(SchedulingServiceGrpc.getServiceDescriptor()),
          Role.WORKER,
          List.of(WorkerServiceGrpc.getServiceDescriptor()),
          Role.METERING,
          List.of(
              UsageServiceGrpc.getServiceDescriptor(),
              BillingServiceGrpc.getServiceDescriptor(),
              CostServiceGrpc.getServiceDescriptor(),
              FocusServiceGrpc.getServiceDescriptor()),
          Role.AUDIT,
          List.of(AuditServiceGrpc.getServiceDescriptor()));

  private static final Map<String, List<String>> STORES =
      Map.of(
          "redis", List.of("gateway", "scheduler"),
          "postgres", List.of("gateway", "metering", "audit"));

  private final ComposeFile file = ComposeFile.read();

  @Test
  void theWholeMeshRuns() {
    Set<String> expected = new TreeSet<>(ContainerFiles.processes());
    expected.addAll(List.of("kafka", "topics", "redis", "postgres"));

    assertThat(file.services().keySet()).isEqualTo(expected);
    for (String process : ContainerFiles.processes()) {
      String image = String.valueOf(file.service(process).get("image"));
      assertThat(image)
          .isEqualTo(
              "${COFFERDAM_IMAGES:-cofferdam}/%s:${COFFERDAM_TAG:-0.1.0}"
                  .formatted(ServiceKind.ofProcess(process).label()));
    }
  }

  @Test
  void aServicesNetworkHasNobodyInItButThoseWhoMayCallIt() {
    for (Role server : SERVERS.keySet()) {
      Set<String> may = new TreeSet<>(processes(server));
      for (Role caller : SERVERS.keySet()) {
        boolean calls =
            SERVERS.get(server).stream()
                .flatMap(service -> service.getMethods().stream())
                .anyMatch(method -> CallTable.allows(caller, method.getFullMethodName()));
        if (calls) {
          may.addAll(processes(caller));
        }
      }

      assertThat(file.members(label(server))).as(label(server)).isEqualTo(may);
    }
  }

  @Test
  void aStoresNetworkHasNobodyInItButThoseWhoNeedIt() {
    STORES.forEach(
        (store, services) -> {
          Set<String> expected = new TreeSet<>(Set.of(store));
          services.forEach(service -> expected.addAll(processes(role(service))));
          assertThat(file.members(store)).as(store).isEqualTo(expected);
        });
    Set<String> ofKafka = new TreeSet<>(Set.of("kafka", "topics"));
    for (Topics.Spec topic : Topics.ALL) {
      topic.writers().stream().filter(Role::isService).forEach(r -> ofKafka.addAll(processes(r)));
      topic.readers().stream().filter(Role::isService).forEach(r -> ofKafka.addAll(processes(r)));
    }
    assertThat(file.members("kafka")).isEqualTo(ofKafka);
  }

  @Test
  void nothingLeavesTheMachineButByAnEdgeOfItsOwn() {
    Set<String> published = new TreeSet<>();
    file.services()
        .forEach(
            (name, service) -> {
              for (Object port : list(service.get("ports"))) {
                assertThat(String.valueOf(port)).startsWith("127.0.0.1:");
                published.add(name);
              }
            });
    assertThat(published).containsExactly("audit", "gateway", "metering");
    file.networks()
        .forEach(
            (name, network) -> {
              if (!Boolean.TRUE.equals(map(network).get("internal"))) {
                assertThat(name).endsWith("-edge");
                assertThat(file.members(name)).containsExactly(name.replace("-edge", ""));
              }
            });
    Set<String> used = new HashSet<>();
    file.services().values().forEach(s -> list(s.get("networks")).forEach(n -> used.add("" + n)));
    assertThat(file.networks().keySet()).isEqualTo(used);
  }

  @Test
  void servicesRunWithoutRightsOnAReadOnlyRoot() {
    for (String process : ContainerFiles.processes()) {
      Map<String, Object> service = file.service(process);
      assertThat(service.get("read_only")).as(process).isEqualTo(true);
      assertThat(list(service.get("cap_drop"))).as(process).containsExactly("ALL");
      assertThat(list(service.get("security_opt"))).contains("no-new-privileges:true");
      assertThat(service).doesNotContainKeys("privileged", "user", "cap_add", "network_mode");
      assertThat(map(service.get("depends_on"))).containsKey("topics");
    }
  }

  @Test
  void eachIsGivenItsOwnFolderAndNobodyElses() {
    file.services()
        .forEach(
            (name, service) -> {
              List<String> given = new ArrayList<>();
              for (Object volume : list(service.get("volumes"))) {
                Matcher m =
                    Pattern.compile(".*}/(given|kept)/([^/:]+).*").matcher(String.valueOf(volume));
                if (m.matches()) {
                  assertThat(m.group(2)).isEqualTo(name);
                  given.add(m.group(1));
                  assertThat(String.valueOf(volume).endsWith(":ro"))
                      .isEqualTo(m.group(1).equals("given"));
                }
              }
              assertThat(given).as(name).contains("given");
            });
  }

  @Test
  void kafkaTakesCertificatesForThoseWhomTheRulesName() throws Exception {
    Map<String, Object> kafka = map(file.service("kafka").get("environment"));
    SslPrincipalMapper rules =
        SslPrincipalMapper.fromRules(
            String.valueOf(kafka.get("KAFKA_SSL_PRINCIPAL_MAPPING_RULES")).replace("$$", "$"));

    for (String process : ContainerFiles.processes()) {
      assertThat("User:" + rules.getName("CN=" + process))
          .isEqualTo(TopicSetup.principal(ServiceKind.ofProcess(process).role()));
    }
    for (String stranger : List.of("CN=tenant-1", "CN=tenant-router", "CN=worker-1,O=x", "CN=a")) {
      assertThat(rules.getName(stranger)).isEqualTo(stranger);
    }
    assertThat(kafka.get("KAFKA_SUPER_USERS")).isEqualTo("User:kafka;User:operator");
    assertThat(kafka.get("KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND")).isEqualTo("false");
    assertThat(kafka.get("KAFKA_SSL_CLIENT_AUTH")).isEqualTo("required");
  }

  @Test
  void kafkaIsTheVersionThatTestsRunAgainst() throws Exception {
    Matcher version =
        Pattern.compile("<kafka-server.version>(.*)</kafka-server.version>")
            .matcher(Files.readString(ComposeFile.REPOSITORY.resolve("pom.xml")));

    assertThat(version.find()).isTrue();
    assertThat(file.service("kafka").get("image")).isEqualTo("apache/kafka:" + version.group(1));
  }

  private static List<String> processes(Role role) {
    return ContainerFiles.processes().stream()
        .filter(process -> ServiceKind.ofProcess(process).role() == role)
        .toList();
  }

  private static Role role(String label) {
    return Role.valueOf(label.toUpperCase(Locale.ROOT));
  }

  private static String label(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }
}
