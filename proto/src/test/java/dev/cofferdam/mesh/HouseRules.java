package dev.cofferdam.mesh;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;
import org.jspecify.annotations.NullMarked;

/**
 * The rules of the house, for every service: a package is a concept; a technology appears only in a
 * leaf package named after it, or in {@code app}; nothing depends on {@code app}; concepts have no
 * cycles; every package is null-marked.
 */
public final class HouseRules {
  private static final Set<String> LEAVES =
      Set.of(
          "grpc",
          "kafka",
          "redis",
          "kubernetes",
          "postgres",
          "cpu",
          "cuda",
          "reference",
          "s3",
          "rest",
          "openai",
          "anthropic",
          "jose",
          "awskms",
          "zipkin");
  private static final String[] TECHNOLOGIES = {
    "io.quarkus..",
    "jakarta..",
    "io.grpc..",
    "io.vertx..",
    "io.netty..",
    "io.micrometer..",
    "org.apache.kafka..",
    "java.sql..",
    "javax.sql..",
    "org.eclipse.microprofile..",
    "io.smallrye..",
    "software.amazon..",
    "org.jose4j.."
  };

  private final String root;
  private final JavaClasses classes;

  private HouseRules(String root) {
    this.root = root;
    this.classes =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(root);
    if (classes.isEmpty()) {
      throw new AssertionError("no classes below " + root);
    }
  }

  /**
   * Checks every rule for the service whose packages lie below a root, such as {@code
   * dev.cofferdam.router}.
   */
  public static void check(String root) {
    HouseRules rules = new HouseRules(root);
    rules.technologiesStayInLeaves();
    rules.nothingDependsOnApp();
    rules.conceptsHaveNoCycles();
    rules.packagesAreNullMarked();
  }

  private void technologiesStayInLeaves() {
    noClasses()
        .that(concept())
        .should()
        .dependOnClassesThat(resideInAnyPackage(TECHNOLOGIES))
        .because("a technology appears only in a leaf package named after it, or in app")
        .check(classes);
  }

  private void nothingDependsOnApp() {
    noClasses()
        .that()
        .resideOutsideOfPackage(root + ".app..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(root + ".app..")
        .check(classes);
  }

  private void conceptsHaveNoCycles() {
    slices().matching(root + ".(*)..").should().beFreeOfCycles().check(classes);
  }

  private void packagesAreNullMarked() {
    classes().should(beInANullMarkedPackage()).check(classes);
  }

  private DescribedPredicate<JavaClass> concept() {
    return DescribedPredicate.describe(
        "are concepts",
        c ->
            !LEAVES.contains(lastPart(c.getPackageName()))
                && !(c.getPackageName() + ".").startsWith(root + ".app."));
  }

  private static String lastPart(String packageName) {
    return packageName.substring(packageName.lastIndexOf('.') + 1);
  }

  private static ArchCondition<JavaClass> beInANullMarkedPackage() {
    return new ArchCondition<>("be in a package annotated with @NullMarked") {
      @Override
      public void check(JavaClass c, ConditionEvents events) {
        if (!c.getPackage().isAnnotatedWith(NullMarked.class)) {
          events.add(SimpleConditionEvent.violated(c, c.getPackageName() + " is not null-marked"));
        }
      }
    };
  }
}
