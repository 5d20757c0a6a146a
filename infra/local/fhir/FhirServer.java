import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.interceptor.api.IInterceptorService;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.MemoryBinaryStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.interceptor.ResponseHighlighterInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IInstanceValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import jakarta.persistence.EntityManagerFactory;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * A real FHIR R4 server for one machine: HAPI's JPA server over H2, at http://127.0.0.1:PORT/fhir. Run as a source file; nothing is compiled beforehand.
 *
 * Arguments: PORT, and `validate` to refuse with 422 what does not conform; the data folder is -Dclinstream.fhir.dir. SIGTERM ends it cleanly. Loopback
 * only, no authentication.
 */
public class FhirServer {
  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    boolean validate = arguments.length > 1 && arguments[1].equals("validate");
    var context = new AnnotationConfigApplicationContext(Config.class);
    Server jetty = new Server(new InetSocketAddress("127.0.0.1", port));
    var handler = new ServletContextHandler();
    handler.addServlet(new ServletHolder(restfulServer(context, validate)), "/fhir/*");
    jetty.setHandler(handler);
    jetty.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(jetty, context)));
  }

  /** Requests first, then the database: H2 is closed with everything written. */
  private static void stop(Server jetty, AnnotationConfigApplicationContext context) {
    try {
      jetty.stop();
    } catch (Exception problem) {
      System.err.println("Jetty did not stop: " + problem);
    }
    context.close();
  }

  private static RestfulServer restfulServer(AnnotationConfigApplicationContext context, boolean validate) {
    FhirContext fhir = context.getBean(FhirContext.class);
    IFhirSystemDao<?, ?> systemDao = context.getBean(IFhirSystemDao.class);
    RestfulServer server = new RestfulServer(fhir);
    server.registerProviders(context.getBean(ResourceProviderFactory.class).createProviders());
    server.registerProvider(context.getBean(JpaSystemProvider.class));
    server.setInterceptorService(context.getBean(IInterceptorService.class));
    server.setPagingProvider(context.getBean(DatabaseBackedPagingProvider.class));
    server.setDefaultResponseEncoding(EncodingEnum.JSON);
    server.setDefaultPrettyPrint(false);
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(
            server,
            systemDao,
            context.getBean(JpaStorageSettings.class),
            context.getBean(ISearchParamRegistry.class),
            context.getBean(IValidationSupport.class)));
    server.registerInterceptor(new ResponseHighlighterInterceptor());
    if (validate) server.registerInterceptor(validating(context.getBean(IInstanceValidatorModule.class)));
    return server;
  }

  private static RequestValidatingInterceptor validating(IInstanceValidatorModule validator) {
    RequestValidatingInterceptor interceptor = new RequestValidatingInterceptor();
    interceptor.setFailOnSeverity(ResultSeverityEnum.ERROR);
    interceptor.setAddResponseHeaderOnSeverity(null);
    interceptor.addValidatorModule(validator);
    return interceptor;
  }

  @Configuration
  @Import({
    JpaR4Config.class,
    HapiJpaConfig.class,
    JpaBatch2Config.class,
    Batch2JobsConfig.class,
    SubscriptionChannelConfig.class,
    SubscriptionSubmitterConfig.class,
    ThreadPoolFactoryConfig.class
  })
  static class Config {
    /** Client ids are allowed unless they are all digits, as HAPI does by default. */
    @Bean
    JpaStorageSettings storageSettings() {
      JpaStorageSettings settings = new JpaStorageSettings();
      settings.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ALPHANUMERIC);
      settings.setHibernateSearchIndexSearchParams(false);
      // A search must see what was just written: tests and pollers read their own writes.
      settings.setReuseCachedSearchResultsForMillis(null);
      return settings;
    }

    @Bean
    PartitionSettings partitionSettings() {
      return new PartitionSettings();
    }

    @Bean
    SubscriptionSettings subscriptionSettings() {
      return new SubscriptionSettings();
    }

    @Bean
    IBinaryStorageSvc binaryStorage() {
      return new MemoryBinaryStorageSvcImpl();
    }

    @Bean(destroyMethod = "close")
    BasicDataSource dataSource() {
      Path file = Path.of(System.getProperty("clinstream.fhir.dir"), "fhir").toAbsolutePath();
      BasicDataSource source = new BasicDataSource();
      source.setDriver(new org.h2.Driver());
      // H2's own exit hook would close the database under requests that are still running; its default is to write a commit up to half a second late,
      // which a kill -9 would turn into a loss of what was answered.
      source.setUrl("jdbc:h2:file:" + file + ";DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0;TRACE_LEVEL_FILE=0");
      source.setMaxTotal(20);
      return source;
    }

    @Bean
    LocalContainerEntityManagerFactoryBean entityManagerFactory(
        ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings, DataSource source) {
      var factory = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
      factory.setPersistenceUnitName("clinstream");
      factory.setDataSource(source);
      Properties properties = new Properties();
      properties.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
      properties.put("hibernate.hbm2ddl.auto", "update");
      properties.put("hibernate.search.enabled", "false");
      properties.put("hibernate.jdbc.batch_size", "20");
      factory.setJpaProperties(properties);
      return factory;
    }

    @Bean
    JpaTransactionManager transactionManager(EntityManagerFactory factory) {
      return new JpaTransactionManager(factory);
    }
  }
}
