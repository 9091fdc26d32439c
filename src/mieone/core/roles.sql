-- The database roles. The embedded server runs this at every start; for a server of your own, its
-- administrator runs the output of `mieone database-script` once. Passwords come as SCRAM verifiers
-- in settings named mieone.<role>_verifier, so no log and no history ever holds a password.
DO $$
DECLARE
    role_name text;
    verifier text;
BEGIN
    FOREACH role_name IN ARRAY
        ARRAY['mieone_owner', 'mieone_app', 'mieone_sealer', 'mieone_auditor']
    LOOP
        verifier := current_setting('mieone.' || role_name || '_verifier', true);
        CONTINUE WHEN coalesce(verifier, '') = '';
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOCREATEDB NOCREATEROLE NOINHERIT', role_name);
        END IF;
        EXECUTE format('ALTER ROLE %I PASSWORD %L', role_name, verifier);
    END LOOP;
END $$;

-- The application's connections leave some of the server's for migrations and for people.
ALTER ROLE mieone_app CONNECTION LIMIT 40;
ALTER ROLE mieone_sealer CONNECTION LIMIT 6;
ALTER ROLE mieone_auditor CONNECTION LIMIT 6;

-- No transaction of ours waits for a network, so an idle one is a bug or a lost client.
ALTER ROLE mieone_app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE mieone_sealer SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE mieone_auditor SET default_transaction_read_only = on;
