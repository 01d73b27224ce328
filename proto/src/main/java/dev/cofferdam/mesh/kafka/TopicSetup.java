package dev.cofferdam.mesh.kafka;

import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * Makes a broker's topics and access rules those of {@link Topics}: topics that are missing are
 * created, rules that are missing come, and rules that are more go.
 */
public final class TopicSetup {
  private static final int CALL_S_MAX = 20;
  private static final int RULES_S_MAX = 10;
  private static final int BROKER_MS_MAX = 60_000;

  private final Admin admin;
  private final short replicas;

  /**
   * @param admin of somebody whom the broker lets do this; stays the caller's
   * @param replicas of each topic that is created
   */
  public TopicSetup(Admin admin, short replicas) {
    this.admin = admin;
    this.replicas = replicas;
  }

  /**
   * Sets up a broker that nothing else has set up, once it answers.
   *
   * @param args file of client properties, and the number of replicas (1)
   */
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(Path.of(args[0]))) {
      properties.load(in);
    } catch (IOException e) {
      throw new IOException("cannot read " + args[0], e);
    }
    properties.putIfAbsent("default.api.timeout.ms", String.valueOf(BROKER_MS_MAX));
    short replicas = args.length > 1 ? Short.parseShort(args[1]) : 1;
    try (Admin admin = Admin.create(properties)) {
      var unused = admin.describeCluster().nodes().get(BROKER_MS_MAX, TimeUnit.MILLISECONDS);
      System.out.println(new TopicSetup(admin, replicas).run() + " topics made");
    }
  }

  /** Whom the broker takes a service for, such as {@code User:worker}. */
  public static String principal(Role role) {
    return "User:" + role.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Does it, and returns when the broker decides by the rules.
   *
   * @return how many topics were created
   * @throws ExecutionException where the broker refuses
   * @throws TimeoutException where it does not answer in time
   */
  public int run() throws InterruptedException, ExecutionException, TimeoutException {
    Set<String> present = result(admin.listTopics().names());
    List<NewTopic> missing =
        Topics.ALL.stream()
            .filter(topic -> !present.contains(topic.name()))
            .map(
                topic ->
                    new NewTopic(topic.name(), topic.partitions(), replicas)
                        .configs(topic.configuration()))
            .toList();
    var created = result(admin.createTopics(missing).all());
    allow();
    return missing.size();
  }

  /**
   * The controller confirms a rule before the broker has heard of it; the broker, which answers the
   * question for the present rules, decides by them.
   */
  private void allow() throws InterruptedException, ExecutionException, TimeoutException {
    Set<AclBinding> wanted = wanted();
    Set<AclBinding> present = rules();
    List<AclBinding> missing = wanted.stream().filter(rule -> !present.contains(rule)).toList();
    List<AclBinding> more = present.stream().filter(rule -> !wanted.contains(rule)).toList();
    if (!missing.isEmpty()) {
      var unused = result(admin.createAcls(missing).all());
    }
    if (!more.isEmpty()) {
      var unused = result(admin.deleteAcls(more.stream().map(AclBinding::toFilter).toList()).all());
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(RULES_S_MAX);
    while (!rules().equals(wanted)) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "the broker did not take over its access rules in " + RULES_S_MAX + " seconds");
      }
      Thread.sleep(20);
    }
  }

  private static Set<AclBinding> wanted() {
    Set<AclBinding> wanted = new HashSet<>();
    for (Topics.Spec topic : Topics.ALL) {
      topic.writers().forEach(role -> wanted.add(topicRule(topic, role, AclOperation.WRITE)));
      topic.readers().forEach(role -> wanted.add(topicRule(topic, role, AclOperation.READ)));
    }
    for (Role role : List.of(Role.METERING, Role.AUDIT)) {
      String group = role.name().toLowerCase(Locale.ROOT);
      wanted.add(rule(ResourceType.GROUP, group, role, AclOperation.READ));
    }
    wanted.add(
        rule(
            ResourceType.TRANSACTIONAL_ID,
            ConfigWriter.TRANSACTIONAL_ID,
            Role.GATEWAY,
            AclOperation.WRITE));
    return wanted;
  }

  private Set<AclBinding> rules()
      throws InterruptedException, ExecutionException, TimeoutException {
    return Set.copyOf(result(admin.describeAcls(AclBindingFilter.ANY).values()));
  }

  private static <T> T result(KafkaFuture<T> future)
      throws InterruptedException, ExecutionException, TimeoutException {
    return future.get(CALL_S_MAX, TimeUnit.SECONDS);
  }

  private static AclBinding topicRule(Topics.Spec topic, Role role, AclOperation operation) {
    return rule(ResourceType.TOPIC, topic.name(), role, operation);
  }

  private static AclBinding rule(
      ResourceType type, String name, Role role, AclOperation operation) {
    return new AclBinding(
        new ResourcePattern(type, name, PatternType.LITERAL),
        new AccessControlEntry(principal(role), "*", operation, AclPermissionType.ALLOW));
  }
}
