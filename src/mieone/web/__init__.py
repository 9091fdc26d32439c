"""What people see: layout, components, message catalogues, forms and problems as pages."""
